import type { Page } from 'playwright-core';
import { changeAnswer, type Opening } from './extension-stage.ts';

export const extensionData = /ExtensionManagement.*Data/i;
const api = /\/api\//;

const signedOut = (page: Page) =>
  page.route(api, (route) =>
    route.fulfill({
      status: 401,
      headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' },
      json: {
        code: 'signInRequired',
        title: 'You are not signed in any more',
        action: 'Reload the page to sign in again.',
        requestId: 'a1b2',
      },
    }),
  );

/** Somebody wrote another address than the one that this browser has talked to. */
async function changedAddress(page: Page): Promise<void> {
  await page.addInitScript(() => {
    try {
      localStorage.setItem('tandem.backend.trusted', 'https://tandem.example.com');
    } catch {
      // Frames without an origin have no storage, and none of the pages looked at is one.
    }
  });
  await changeAnswer<{ value?: unknown }>(extensionData, (document) => {
    document.value = 'https://elsewhere.example.com';
  })(page);
}

/** What keeps every page of the extension from its content, and words that show that it said so. */
export const failing: { name: string; opening: Opening; shows: string; isAlone?: boolean }[] = [
  {
    name: 'backend away',
    opening: { prepare: (page) => page.route(api, (route) => route.abort()) },
    shows: 'does not answer',
  },
  { name: 'signed out', opening: { prepare: signedOut }, shows: 'not signed in any more' },
  {
    name: 'no address entered',
    opening: {
      prepare: (page) => page.route(extensionData, (route) => route.fulfill({ status: 404, json: {} })),
    },
    shows: 'address',
  },
  {
    name: 'address unreadable',
    opening: {
      prepare: (page) => page.route(extensionData, (route) => route.fulfill({ status: 500, json: {} })),
    },
    shows: 'does not say where',
  },
  {
    name: 'address changed',
    opening: { prepare: changedAddress },
    isAlone: true,
    shows: 'Continue with the new address',
  },
];
