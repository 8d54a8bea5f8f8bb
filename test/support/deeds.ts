import { randomUUID } from 'node:crypto';
import type { MappingSettings, Rule } from '../../backend/contract/mapping.ts';
import { createCall, createWorkItem, effectsOf, type Scene } from './scene.ts';
import {
  attachToCall,
  attachToWorkItem,
  commentOnCall,
  commentOnWorkItem,
  editCall,
  editWorkItem,
  type Pair,
  readCall,
  readWorkItem,
  times,
} from './two-sides.ts';

/** What a deed is done with: a linked pair for those that change one, and a word that nothing else has. */
export interface DeedContext {
  scene: Scene;
  pair: Pair;
  word: string;
}

/** One deed of a person whose consequences Tandem dies in the middle of, and what must be true in the end. */
export interface Deed {
  kind: 'create' | 'comment' | 'attachment' | 'update';
  name: string;
  act(context: DeedContext): Promise<unknown>;
  /** What a person does who got no answer; absent where nobody waits for one. */
  again?(context: DeedContext): Promise<unknown>;
  /** How often what was to be written stands on the other side. */
  count(context: DeedContext): Promise<number>;
  /** Of deeds that create: what is linked by now. */
  made?(context: DeedContext): Promise<Pair[]>;
  /** Entries in the ledger for writing it. */
  effect: { system: 'azure' | 'alemba'; effect: RegExp };
}

const ticketMade = { system: 'alemba', effect: /^ticket\.created$/ } as const;
const workItemMade = { system: 'azure', effect: /^workItem\.created$/ } as const;

/** The developer and the agent whom the mapping takes for each other. */
export const assignees = {
  developer: 'noor.haddad@fabrikam.example',
  agent: 'jessica.mercato@fabrikam.example',
  agentName: 'Jessica Mercato',
  agentRef: 34002,
};

export const callForWorkItem: Deed = {
  kind: 'create',
  name: 'a call for a work item',
  act: ({ scene, word }) =>
    createWorkItem(scene, {
      'System.Title': `AUTO ${word}`,
      'System.AssignedTo': assignees.developer,
    }),
  made: ({ scene, word }) => pairsTitled(scene, `AUTO ${word}`),
  count: async ({ scene, word }) => (await pairsTitled(scene, `AUTO ${word}`)).length,
  effect: ticketMade,
};

export const workItemForCall: Deed = {
  kind: 'create',
  name: 'a work item for a call',
  act: ({ scene, word }) =>
    createCall(scene, {
      Subject: `HAND ${word}`,
      AssignedGroup: 16,
      AssignedOfficer: assignees.agentRef,
    }),
  made: ({ scene, word }) => pairsTitled(scene, `HAND ${word}`),
  count: async ({ scene, word }) => (await pairsTitled(scene, `HAND ${word}`)).length,
  effect: workItemMade,
};

/** The panel keeps the key until it hears what came of the order, so ordering again is the same order. */
const requestKeys = new Map<string, { workItemId: number; requestKey: string }>();

const orderTicket = async ({ scene, word }: DeedContext) => {
  const { workItemId, requestKey } = requestKeys.get(word) ?? {
    workItemId: await createWorkItem(scene, {
      'System.Title': `ORDER ${word}`,
      'System.AssignedTo': assignees.developer,
    }),
    requestKey: randomUUID(),
  };
  requestKeys.set(word, { workItemId, requestKey });
  await scene.rig.api('createTicket', {
    params: { workItemId: String(workItemId) },
    body: { mappingId: scene.mappingId, requestKey, values: {} },
  });
};

export const orderedCall: Deed = {
  kind: 'create',
  name: 'a call that a person orders',
  // Tandem may die before it answers; nothing but that may go wrong with the order.
  act: (context) =>
    orderTicket(context).catch((error: Error) => {
      if (!/other side closed|ECONNRE|socket/i.test(`${error.message} ${String(error.cause)}`)) throw error;
    }),
  again: orderTicket,
  made: ({ scene, word }) => pairsTitled(scene, `ORDER ${word}`),
  count: async ({ scene, word }) => (await pairsTitled(scene, `ORDER ${word}`)).length,
  effect: ticketMade,
};

export const commentToCall: Deed = {
  kind: 'comment',
  name: 'a comment to the call',
  act: ({ scene, pair, word }) => commentOnWorkItem(scene.rig, pair.workItemId, word),
  count: async ({ scene, pair, word }) => times((await readCall(scene.rig, pair.callRef)).comments, word),
  effect: { system: 'alemba', effect: /^comment\.added$/ },
};

export const commentToWorkItem: Deed = {
  kind: 'comment',
  name: 'a comment to the work item',
  act: ({ scene, pair, word }) => commentOnCall(scene.rig, pair.callRef, word),
  count: async ({ scene, pair, word }) =>
    times((await readWorkItem(scene.rig, pair.workItemId)).comments, word),
  effect: { system: 'azure', effect: /^(comment\.added|workItem\.commented)$/ },
};

export const fileToCall: Deed = {
  kind: 'attachment',
  name: 'a file to the call',
  act: ({ scene, pair, word }) => attachToWorkItem(scene.rig, pair.workItemId, `${word}.txt`, word),
  count: async ({ scene, pair, word }) =>
    (await readCall(scene.rig, pair.callRef)).files.filter((file) => file === `${word}.txt`).length,
  effect: { system: 'alemba', effect: /^attachment\.added$/ },
};

export const fileToWorkItem: Deed = {
  kind: 'attachment',
  name: 'a file to the work item',
  act: ({ scene, pair, word }) => attachToCall(scene.rig, pair.callRef, `${word}.txt`, word),
  count: async ({ scene, pair, word }) =>
    (await readWorkItem(scene.rig, pair.workItemId)).files.filter((file) => file === `${word}.txt`).length,
  // An upload that no work item refers to is no attachment; the relation is counted by `count`.
  effect: { system: 'azure', effect: /^workItem\.updated$/ },
};

export const titleToCall: Deed = {
  kind: 'update',
  name: 'a title to the call',
  act: ({ scene, pair, word }) => editWorkItem(scene.rig, pair.workItemId, { 'System.Title': word }),
  count: async ({ scene, pair, word }) =>
    (await readCall(scene.rig, pair.callRef)).subject === word ? 1 : 0,
  effect: { system: 'alemba', effect: /^field\.updated$/ },
};

export const titleToWorkItem: Deed = {
  kind: 'update',
  name: 'a title to the work item',
  act: ({ scene, pair, word }) => editCall(scene.rig, pair.callRef, { Subject: word }),
  count: async ({ scene, pair, word }) =>
    (await readWorkItem(scene.rig, pair.workItemId)).title === word ? 1 : 0,
  effect: { system: 'azure', effect: /^workItem\.updated$/ },
};

/** Everything that must happen once, both ways. */
export const onceOnly: readonly Deed[] = [
  callForWorkItem,
  orderedCall,
  workItemForCall,
  commentToCall,
  commentToWorkItem,
  fileToCall,
  fileToWorkItem,
];

/** What Tandem's own account did of the kind that the deed is for. */
export const writesFor = async (scene: Scene, { effect }: Deed): Promise<number> => {
  const effects = await effectsOf(scene.rig, effect.system, { ours: true });
  return effects.filter((one) => effect.effect.test(one.effect)).length;
};

/** False where the kind of entry that writes it stands for other writes as well. */
export const isCountedInLedger = ({ kind, effect }: Deed): boolean =>
  kind !== 'attachment' || effect.system === 'alemba';

/** Linked records with this title. */
export const pairsTitled = async (scene: Scene, title: string): Promise<Pair[]> =>
  (
    await scene.rows<{ work_item_id: string; ticket_id: string }>(
      `select work_item_id, ticket_id from link where ended_at is null and shown->>'title' = $1`,
      [title],
    )
  ).map((row) => ({ workItemId: Number(row.work_item_id), callRef: Number(row.ticket_id) }));

const rule = (field: string, operator: 'startsWith' | 'equals', value: string): Rule => ({
  kind: 'condition',
  field,
  operator,
  value,
});

/** Work items called AUTO and calls of the developers' group get a counterpart by themselves, with who has them. */
export const creating = (settings: MappingSettings): MappingSettings => ({
  ...settings,
  ticketTemplate: '96',
  createTicket: {
    mode: 'automatic',
    isDefault: false,
    onStates: [],
    rule: rule('System.Title', 'startsWith', 'AUTO'),
  },
  createWorkItem: {
    mode: 'automatic',
    isDefault: false,
    onStates: [],
    rule: rule('AssignedGroup', 'equals', '16'),
  },
  fields: settings.fields.map((row) =>
    row.id === 'assignee'
      ? {
          ...row,
          out: identity(assignees.developer, assignees.agent),
          in: identity(assignees.agent, assignees.developer),
        }
      : row,
  ),
});

const identity = (from: string, to: string) => ({
  kind: 'identity' as const,
  table: [{ from, to }],
  onUnknown: 'leave' as const,
});
