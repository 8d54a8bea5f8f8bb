import type { FrameLocator, Page } from 'playwright-core';
import { until } from '../support/rig.ts';
import type { TestSandbox } from '../support/sandbox.ts';

/** What people reach within, whatever the machine: a change is on the other side within two seconds (README). */
export const soon = { timeout: 2_000 };
/** For what a person starts with patience: opening a page, a restart, a sweep. */
export const patience = { timeout: 20_000 };
/** A panel whose backend is away waits longer after each try: 37.5 s at most, and then it reads. */
export const untilTriedAgain = { timeout: 45_000 };
/** Between two looks by a route for administrators, of which each person has 600 a minute, the hub's pages included. */
export const lookEveryMs = 200;

export const formAddress = ({ url }: TestSandbox, workItemId: number, query = '') =>
  `${url}/fabrikam/Fabrikam/_workitems/edit/${workItemId}${query}`;

export const callAddress = ({ alemba }: TestSandbox, ref: number | string) =>
  `${alemba.url}/agent/calls/${ref}`;

/** The page of a contribution, wherever the host shows it. */
export const contribution = (page: Page, name: string): FrameLocator =>
  page.frameLocator(`iframe[data-contribution$=".${name}"]`);

export const panelOf = (page: Page): FrameLocator => contribution(page, 'work-item-panel');
export const hubOf = (page: Page): FrameLocator => contribution(page, 'settings-hub');

/** Switches a fault on the sandbox's home, and waits until the sandbox has done it: then its row is drawn anew. */
export async function turnFault(home: Page, name: string, on: boolean): Promise<void> {
  const box = home.getByRole('switch', { name: new RegExp(`^${name}`) });
  await box.waitFor(patience);
  if ((await box.isChecked()) !== on) await box.click();
  await home
    .locator(on ? '.fault.on' : '.fault:not(.on)')
    .filter({ has: box })
    .waitFor(patience);
}

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

/** Waits until a bug has its call and its hooks are taken in: the hub's lists are read once and do not follow. */
export async function settledBug({ apiAs, projectId }: TestSandbox, id: number): Promise<void> {
  const api = apiAs();
  const params = { projectId };
  const look = async () => {
    const { attempts } = await api('listAttempts', { params, query: { workItemId: String(id) } });
    const { deliveries } = await api('listDeliveries', { params, query: { recordId: String(id) } });
    const isLinked = attempts.some(({ linkId, outcome }) => linkId && outcome === 'done');
    const isOver = deliveries.length > 0 && deliveries.every(({ outcome }) => outcome !== 'pending');
    return (isLinked && isOver) || undefined;
  };
  await until(`bug ${id} is in agreement`, look, patience.timeout, lookEveryMs);
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
