import type { FrameLocator, Page } from 'playwright-core';
import type { Panel } from '../../backend/contract/links.ts';
import { changeCard, changePanel, type Opening, type Stage, type Theme } from './extension-stage.ts';
import { failing } from './failing.ts';
import { contribution, panelOf, patience } from './places.ts';

/** One look of a page of the work item form. */
export interface FormState {
  name: string;
  /** Before the first request; given by `user` and `prepare`. */
  opening?: Opening;
  /** Buttons or menu entries to press, one after another. */
  presses?: string[];
  shows: string;
  /** Leaves something on the page that a reload keeps, or belongs to another person. */
  isAlone?: boolean;
}

const at = new Date(Date.now() - 7_200_000).toISOString();
const conflict: Partial<Panel['tickets'][number]> = {
  condition: 'conflict',
  remedy: 'resolveConflict',
  dueAt: at,
  conflicts: [
    {
      row: 'title',
      label: 'Title',
      workItem: { field: 'System.Title', value: 'Ours', at, by: 'Noor Haddad' },
      ticket: { field: 'Subject', value: 'Theirs', at, by: 'Jessica Mercato' },
    },
  ],
};

const card = (change: Partial<Panel['tickets'][number]>): Opening => ({ prepare: changeCard(change) });
const panel = (change: (panel: Panel) => void): Opening => ({ prepare: changePanel(change) });

export const panelStates: FormState[] = [
  { name: 'cards', opening: card({ dueAt: at }), shows: 'overdue' },
  { name: 'menu', presses: ['Actions for 10040'], shows: 'Unlink' },
  { name: 'conflict', opening: card(conflict), presses: ['Decide'], shows: 'Theirs' },
  {
    name: 'parked',
    opening: card({ condition: 'parked', remedy: 'retry', reason: 'Refused.' }),
    shows: 'Refused.',
  },
  {
    name: 'paused',
    opening: card({ condition: 'paused', remedy: 'renewCredentials' }),
    shows: 'Ask Avery',
  },
  {
    name: 'resting',
    opening: card({ condition: 'resting' }),
    shows: 'a condition of the mapping is not met',
  },
  { name: 'pending', opening: card({ condition: 'pending' }), shows: 'on its way' },
  { name: 'create', presses: ['Create call'], shows: 'This will be sent' },
  { name: 'link', presses: ['Link call'], shows: 'linked with this work item already' },
  { name: 'comment', presses: ['Actions for 10040', 'Comment'], shows: 'Who sees it' },
  { name: 'unlink', presses: ['Actions for 10040', 'Unlink'], shows: 'no longer kept in agreement' },
  {
    name: 'empty',
    opening: panel((answer) => {
      answer.tickets = [];
    }),
    shows: 'No ticket belongs to this work item yet.',
  },
  {
    name: 'switched off',
    opening: panel((answer) => {
      answer.switchedOff = true;
    }),
    shows: 'Synchronisation is switched off',
  },
  {
    name: 'not set up',
    opening: panel((answer) => Object.assign(answer, { configured: false, tickets: [] })),
    shows: 'is not set up',
  },
  { name: 'only to read', opening: { user: 'reader' }, isAlone: true, shows: 'You can look, but not change' },
  ...failing,
];

/** The ticket page, a tab of the form. */
export const pageStates: FormState[] = [
  { name: 'conflict', opening: card(conflict), shows: 'Jessica Mercato' },
  { name: 'only to read', opening: { user: 'reader' }, isAlone: true, shows: 'What happened' },
  {
    name: 'no ticket',
    opening: panel((answer) => {
      answer.tickets = [];
    }),
    shows: 'Create or link one in the Tickets group',
  },
  ...failing,
];

/** The dialog as the list of work items opens it: for how many, with which entry, and what is pressed inside. */
export const dialogStates: (FormState & { chosen: number; entry: string })[] = [
  { name: 'create one', chosen: 1, entry: 'Create ticket', shows: 'This will be sent' },
  { name: 'link one', chosen: 1, entry: 'Link ticket', shows: 'linked with this work item already' },
  { name: 'create many', chosen: 2, entry: 'Create ticket', shows: 'Create 2 tickets' },
  {
    name: 'create many, done',
    chosen: 2,
    entry: 'Create ticket',
    presses: ['Create 2 tickets'],
    shows: 'has a ticket already',
  },
  { name: 'link of many', chosen: 2, entry: 'Link ticket', shows: 'linked with this work item already' },
  {
    name: 'no way',
    chosen: 1,
    entry: 'Create ticket',
    opening: panel((answer) => {
      answer.createWith = [];
    }),
    shows: 'No mapping of this project',
  },
  ...failing.map((state) => ({ ...state, chosen: 1, entry: 'Create ticket' })),
];

async function press(frame: FrameLocator, names: readonly string[] = []): Promise<void> {
  for (const name of names) {
    await frame
      .getByRole('button', { name, exact: true })
      .or(frame.getByRole('menuitem', { name }))
      .first()
      .click(patience);
  }
}

export interface Look {
  theme: Theme;
  width?: number;
  /** An open page of the same kind, whose caches are warm. */
  used?: Page | undefined;
}

/** A page of the host in a state, before anything is pressed. */
async function open(stage: Stage, path: string, state: FormState, { used, ...look }: Look): Promise<Page> {
  if (!used || state.isAlone) return stage.open(path, { ...look, ...state.opening });
  await used.unrouteAll({ behavior: 'ignoreErrors' });
  await state.opening?.prepare?.(used);
  await used.reload();
  return used;
}

export async function openPanel(stage: Stage, state: FormState, look: Look): Promise<Page> {
  const form = await open(stage, '_workitems/edit/4', state, look);
  await press(panelOf(form), state.presses);
  await panelOf(form).getByText(state.shows).first().waitFor(patience);
  return form;
}

export async function openTicketPage(stage: Stage, state: FormState, look: Look): Promise<Page> {
  const form = await open(stage, '_workitems/edit/4', state, look);
  await form.getByRole('tab', { name: 'Ticket' }).click(patience);
  await contribution(form, 'work-item-page').getByText(state.shows).first().waitFor(patience);
  return form;
}

export async function openDialog(
  stage: Stage,
  state: (typeof dialogStates)[number],
  look: Look,
): Promise<Page> {
  const list = await open(stage, '_queries', state, look);
  for (const id of [4, 5].slice(0, state.chosen)) {
    await list.getByLabel(`Choose work item ${id}`, { exact: true }).check(patience);
  }
  await list.getByRole('button', { name: state.entry }).click();
  const dialog = contribution(list, 'ticket-dialog');
  await press(dialog, state.presses);
  await dialog.getByText(state.shows).first().waitFor(patience);
  return list;
}
