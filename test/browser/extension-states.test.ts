import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { z } from 'zod';
import type { Routes } from '../../backend/contract/routes.ts';
import {
  changeAnswer,
  changeCard,
  changePanel,
  openStage,
  panelPath,
  type Stage,
} from './extension-stage.ts';
import { extensionData } from './failing.ts';
import { contribution, newBug, panelOf, patience, untilTriedAgain } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  stage.sandbox.faults.clear();
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

const card = (form: Page) => panelOf(form).getByRole('article', { name: /10040/ });
const anHour = 3_600_000;

test.each([
  ['frames without an origin', '&frames=sandboxed'],
  ['the handshake of older servers', '&handshake=legacy'],
])('the panel works in %s', async (_name, query) => {
  const form = await stage.form(4, { query });
  await card(form).waitFor(patience);
  await panelOf(form).getByRole('button', { name: 'Actions for 10040' }).click();
  await panelOf(form).getByRole('menuitem', { name: 'Sync now' }).click();
  await card(form).getByText('in agreement').waitFor(patience);
});

test('without an origin a new work item still gets its call while its form stays open', async () => {
  const form = await stage.open('_workitems/create/Bug', { query: '&frames=sandboxed' });
  await panelOf(form).getByLabel('Create a call when this work item is saved').check(patience);
  await form.locator('[data-field="System.Title"]').fill('From a server');
  await form.getByRole('button', { name: 'Save' }).click();
  await panelOf(form)
    .getByRole('article', { name: /From a server/ })
    .waitFor(patience);
});

test('the ticket page does not say that there is no ticket where it cannot ask', async () => {
  const form = await stage.form(6);
  await panelOf(form).getByText('No ticket belongs to this work item yet.').waitFor(patience);
  await form.route(/\/api\//, (route) => route.abort());
  await form.reload();
  await form.getByRole('tab', { name: 'Ticket' }).click(patience);
  const page = contribution(form, 'work-item-page');
  await page.getByText('Tandem’s backend does not answer').waitFor(patience);
  expect(await page.getByText('No ticket belongs').count()).toBe(0);
});

test('before there is a backend every page says who can enter it, and where', async () => {
  const prepare = (page: Page) =>
    page.route(extensionData, (route) => route.fulfill({ status: 404, json: {} }));
  const tells = async (frame: FrameLocator) => {
    await frame.getByText('Ask a project administrator to set it up').waitFor(patience);
    await frame.getByRole('button', { name: 'Open settings' }).waitFor(patience);
  };
  const form = await stage.form(4, { prepare });
  await tells(panelOf(form));
  await form.getByRole('tab', { name: 'Ticket' }).click();
  await tells(contribution(form, 'work-item-page'));
  const list = await stage.open('_queries', { prepare });
  await list.getByLabel('Choose work item 4', { exact: true }).check(patience);
  await list.getByRole('button', { name: 'Create ticket' }).click();
  await tells(contribution(list, 'ticket-dialog'));
});

test('the button below a long list in a dialog stays in view', async () => {
  const list = await stage.open('_queries');
  await list.getByLabel('Choose work item 6', { exact: true }).check(patience);
  await list.getByRole('button', { name: 'Link ticket' }).click();
  const dialog = contribution(list, 'ticket-dialog');
  await dialog.getByText('Payroll export writes wrong decimal sign').waitFor(patience);
  const button = dialog.getByRole('button', { name: 'Link', exact: true });
  const frame = list.locator('iframe[data-contribution$=".ticket-dialog"]');
  const bottomPx = async (of: Locator) => {
    const box = await of.boundingBox();
    return (box?.y ?? 0) + (box?.height ?? 0);
  };
  expect(await bottomPx(button)).toBeLessThanOrEqual(await bottomPx(frame));
  expect(await bottomPx(frame)).toBeLessThanOrEqual(list.viewportSize()?.height ?? 0);
});

test('a backend that is away leaves the last known cards, says so, and comes back by itself', async () => {
  const form = await stage.form(4);
  await card(form).waitFor(patience);
  await form.route(/\/api\//, (route) => route.abort());
  await form.reload();
  await panelOf(form).getByText('Tandem’s backend does not answer').waitFor(patience);
  await card(form).waitFor(patience);
  await panelOf(form).getByText('What you see is the last known state.').waitFor(patience);
  await form.unroute(/\/api\//);
  await panelOf(form)
    .getByText('does not answer')
    .waitFor({ ...untilTriedAgain, state: 'detached' });
}, 90_000);

test('a slow backend never shows an empty frame', async () => {
  const seen = Promise.withResolvers<void>();
  const slow = (page: Page) =>
    page.route(panelPath, async (route) => {
      await seen.promise;
      await route.continue();
    });
  const form = await stage.form(4, { prepare: slow });
  await panelOf(form).locator('.skeleton').first().waitFor(patience);
  seen.resolve();
  await card(form).waitFor(patience);
});

test('a session that ended is renewed without anybody noticing', async () => {
  let refused = 0;
  const form = await stage.form(4, {
    prepare: (page) =>
      page.route(panelPath, (route) => {
        if (refused++ > 0) return route.continue();
        return route.fulfill({
          status: 401,
          headers: { 'access-control-allow-origin': '*' },
          json: { code: 'signInRequired', title: 'x', action: 'x', requestId: 'x' },
        });
      }),
  });
  await card(form).waitFor(patience);
  expect(refused).toBeGreaterThanOrEqual(2);
});

test('a refused token says what to do', async () => {
  const form = await stage.form(4, {
    prepare: (page) =>
      page.route(/\/api\/session/, async (route) => {
        const { appToken: _, ...body } = route.request().postDataJSON() as Record<string, unknown>;
        await route.continue({ postData: JSON.stringify(body) });
      }),
  });
  const notice = panelOf(form).getByRole('alert');
  await notice.waitFor(patience);
  expect((await notice.textContent())?.length).toBeGreaterThan(40);
  await notice.getByRole('button', { name: 'Try again' }).waitFor(patience);
});

test('what is not set up names whom to ask', async () => {
  const prepare = changePanel((panel) => {
    panel.configured = false;
    panel.tickets = [];
  });
  const form = await stage.form(4, { prepare });
  await panelOf(form).getByText('Ask Avery Lindqvist or another project administrator').waitFor(patience);
  const admin = await stage.form(4, { prepare, user: 'admin' });
  await panelOf(admin).getByRole('button', { name: 'Open settings' }).waitFor(patience);
});

test('a paused connection offers new credentials to administrators and a name to others', async () => {
  const prepare = changeCard({
    condition: 'paused',
    remedy: 'renewCredentials',
    reason: 'Alemba Production refused the password.',
  });
  const form = await stage.form(4, { prepare });
  await card(form).getByText('Alemba Production refused the password.').waitFor(patience);
  await card(form).getByText('Ask Avery Lindqvist').waitFor(patience);
  const admin = await stage.form(4, { prepare, user: 'admin' });
  await card(admin).getByRole('button', { name: 'Renew credentials' }).waitFor(patience);
});

test('an overdue ticket says so with a sign and a word; one that is done is never overdue', async () => {
  const dueAt = new Date(Date.now() - 2 * anHour).toISOString();
  const form = await stage.form(4, { prepare: changeCard({ dueAt }) });
  await card(form).getByText('overdue').waitFor(patience);
  expect(await card(form).locator('.bad svg').count()).toBe(1);
  const done = await stage.form(4, {
    prepare: changeCard({ dueAt, status: { name: 'Closed', category: 'completed' } }),
  });
  await card(done).waitFor(patience);
  expect(await card(done).getByText('overdue').count()).toBe(0);
});

test('a conflict shows both values with who and when, and nothing is chosen beforehand', async () => {
  const at = new Date(Date.now() - anHour).toISOString();
  const form = await stage.form(4, {
    prepare: changeCard({
      condition: 'conflict',
      remedy: 'resolveConflict',
      conflicts: [
        {
          row: 'title',
          label: 'Title',
          workItem: { field: 'System.Title', value: 'Ours', at, by: 'Noor Haddad' },
          ticket: { field: 'Subject', value: 'Theirs', at, by: 'Jessica Mercato' },
        },
      ],
    }),
  });
  await card(form).getByRole('button', { name: 'Decide' }).click(patience);
  const panel = panelOf(form);
  for (const words of ['Ours', 'Theirs', 'by Noor Haddad', 'by Jessica Mercato'])
    await panel.getByText(words).waitFor(patience);
  const apply = panel.getByRole('button', { name: 'Apply' });
  expect(await apply.isDisabled()).toBe(true);
  const sent = form.waitForRequest(/\/resolve$/);
  await panel.getByRole('radio', { name: /Theirs/ }).check();
  await apply.click();
  expect((await sent).postDataJSON()).toEqual({ choices: [{ row: 'title', keep: 'ticket' }] });
});

type Timeline = z.output<Routes['readTimeline']['response']>;

test('the ticket page tells in plain words why something went over or not, and what to press', async () => {
  const at = new Date().toISOString();
  const form = await stage.form(4, {
    user: 'admin',
    prepare: async (page) => {
      await changeCard({
        condition: 'delayed',
        remedy: 'retry',
        reason: 'Alemba Production does not answer.',
        retryAt: new Date(Date.now() + 5 * 60_000).toISOString(),
      })(page);
      await changeAnswer<Timeline>(/\/timeline/, (timeline) => {
        timeline.entries = [
          { id: '9.0', at, code: 'unavailable', outcome: 'failure', nextAttemptAt: at, durationMs: 12 },
          { id: '8.1', at, code: 'fieldOverruled', side: 'ticket', field: 'Subject', outcome: 'halt' },
          { id: '8.2', at, code: 'commentHeldBack', side: 'ticket', reason: 'notPublic', outcome: 'halt' },
        ];
      })(page);
    },
  });
  await form.getByRole('tab', { name: 'Ticket' }).click(patience);
  const page = contribution(form, 'work-item-page');
  for (const words of [
    'Alemba Production does not answer.',
    'The other system did not answer.',
    'Subject changed in the ticket and was not taken over',
    'the mapping carries over public comments only',
  ])
    await page.getByText(words).first().waitFor(patience);
  await page.getByRole('button', { name: 'Change mapping' }).waitFor(patience);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Alemba Production does not answer.').waitFor(patience);
});

const payloads = [
  '<img src=x onerror="globalThis.ran=1">',
  '<script>globalThis.ran=1</script>',
  '<svg onload="globalThis.ran=1"><script>globalThis.ran=1</script></svg>',
  '<a href="javascript:globalThis.ran=1">press</a>',
  '<iframe srcdoc="<script>parent.ran=1</script>"></iframe>',
  '<math><mtext><style><img src=x onerror=globalThis.ran=1></style></mtext></math>',
  '<img src="https://evil.example/track.png"><link rel=stylesheet href="https://evil.example/x.css">',
  '<div style="background:url(https://evil.example/b.png)">styled</div>',
  '<form action="https://evil.example/"><input autofocus onfocus="globalThis.ran=1"></form>',
  '<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/">',
  '<video poster="https://evil.example/p.png" onerror="globalThis.ran=1"><source src="https://evil.example/v"></video>',
  '<noscript><p title="</noscript><img src=x onerror=globalThis.ran=1>">',
  '"><script>globalThis.ran=1</script>',
  '{{constructor.constructor("globalThis.ran=1")()}}',
  `${'<div>'.repeat(500)}deep`,
  '\u202Etxt.exe\u0000\uFFFF',
];
type Conversation = z.output<Routes['readConversation']['response']>;

test('markup and names from tickets run nothing, load nothing and send nothing', async () => {
  const hostile = payloads.join(' ');
  const strangers: string[] = [];
  const form = await stage.form(4, {
    prepare: async (page) => {
      page.on('request', (request) => {
        if (!['127.0.0.1', ''].includes(new URL(request.url()).hostname)) strangers.push(request.url());
      });
      page.on('dialog', (dialog) => {
        strangers.push(dialog.message());
        void dialog.dismiss();
      });
      await changeCard({
        title: hostile,
        number: '<b>1</b>',
        url: 'javascript:globalThis.ran=1',
        status: { name: hostile, category: 'proposed' },
        priority: '<i>P1</i>',
        assignee: { name: hostile, initials: '<u' },
        reason: hostile,
        condition: 'parked',
      })(page);
      await changeAnswer<Conversation>(/\/conversation/, (conversation) => {
        conversation.entries = payloads.map((html, index) => ({
          id: String(index),
          at: new Date(index).toISOString(),
          author: html,
          html,
          visibility: 'public',
          system: false,
          carriedOver: false,
        }));
        conversation.attachments = [{ id: '"><script>', name: hostile, carriedOver: false }];
      })(page);
    },
  });
  await panelOf(form).getByRole('article').waitFor(patience);
  await form.getByRole('tab', { name: 'Ticket' }).click(patience);
  const page = contribution(form, 'work-item-page');
  await page
    .locator('.conversation > li')
    .nth(payloads.length - 1)
    .waitFor(patience);
  await page.locator('.conversation .rich-text', { hasText: /^press$/ }).click();
  for (const frame of form.frames()) {
    expect(await frame.evaluate(() => (globalThis as { ran?: number }).ran)).toBeUndefined();
  }
  const foreign = page.locator(
    '.conversation script, .conversation img, .conversation iframe, .conversation form',
  );
  expect(await foreign.count()).toBe(0);
  expect(await panelOf(form).locator('a[href^="javascript" i]').count()).toBe(0);
  expect(strangers).toEqual([]);
  // The inert parser already reports handlers that the policy would refuse; anything else is a fault.
  expect((await stage.clear()).filter((fault) => !/inline event handler|base URI/.test(fault))).toEqual([]);
});

test('a form that is only read costs one request beside the session', async () => {
  const requests: string[] = [];
  const form = await stage.form(5, {
    prepare: async (page) =>
      page.on('request', (request) => {
        const { pathname, search } = new URL(request.url());
        if (pathname.startsWith('/api/') && request.method() !== 'OPTIONS') requests.push(pathname + search);
      }),
  });
  await panelOf(form).getByRole('article').first().waitFor(patience);
  // The next one is the long poll, which waits for something newer.
  const opening = requests.filter((one) => !one.includes('after='));
  expect(opening).toEqual(['/api/session', '/api/work-items/5/panel']);
});

test('a mapping for other types is not offered', async () => {
  const bug = await newBug(stage.sandbox, 'Of another type');
  const form = await stage.form(bug, {
    prepare: changePanel((panel) => {
      for (const way of [...panel.createWith, ...panel.linkWith]) way.workItemTypes = ['Epic'];
    }),
  });
  await panelOf(form).getByText('No ticket belongs to this work item yet.').waitFor(patience);
  expect(await panelOf(form).getByRole('button', { name: 'Create call' }).count()).toBe(0);
});
