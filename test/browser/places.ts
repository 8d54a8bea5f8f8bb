import type { FrameLocator, Page } from 'playwright-core';
import type { TestSandbox } from '../support/sandbox.ts';

/** What people reach within, whatever the machine: a change is on the other side within two seconds (README). */
export const soon = { timeout: 2_000 };
/** For what a person starts with patience: opening a page, a restart, a sweep. */
export const patience = { timeout: 20_000 };

export const formAddress = ({ url }: TestSandbox, workItemId: number, query = '') =>
  `${url}/fabrikam/Fabrikam/_workitems/edit/${workItemId}${query}`;

export const callAddress = ({ alemba }: TestSandbox, ref: number | string) =>
  `${alemba.url}/agent/calls/${ref}`;

/** The page of a contribution, wherever the host shows it. */
export const contribution = (page: Page, name: string): FrameLocator =>
  page.frameLocator(`iframe[data-contribution$=".${name}"]`);

export const panelOf = (page: Page): FrameLocator => contribution(page, 'work-item-panel');
export const hubOf = (page: Page): FrameLocator => contribution(page, 'settings-hub');

/** A new bug, made by a developer as on the form. */
export async function newBug(
  { azureDevOps }: TestSandbox,
  title: string,
  fields: Record<string, unknown> = {},
): Promise<number> {
  const bug = await azureDevOps.act({
    do: 'create',
    type: 'Bug',
    fields: { 'System.Title': title, ...fields },
  });
  return bug.id;
}

/** The desk takes a call, as its agent does on the page. */
export async function newCall({ alemba }: TestSandbox, fields: Record<string, unknown>): Promise<string> {
  const answer = await fetch(`${alemba.url}/_sandbox/calls`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return String(((await answer.json()) as { Ref: number }).Ref);
}
