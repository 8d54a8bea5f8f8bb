import type { Scalar } from './model.ts';
import { performAction } from './rules/actions.ts';
import { createCall, submitCall } from './rules/create.ts';
import { addSystemHistory, toHtml } from './rules/history.ts';
import { lockCall, unlockCall } from './rules/locks.ts';
import { updateCall } from './rules/update.ts';
import type { AlembaStore } from './store.ts';

interface SeedCall {
  subject: string;
  text: string;
  fields: Record<string, Scalar>;
  group?: number;
  officer?: number;
  status?: number;
  notes?: readonly (readonly [login: string, text: string, visible: boolean])[];
  close?: number;
  escalated?: boolean;
}

const incident = { IpkStatus: 1, IpkStream: 0, Partition: 1 };

const calls: readonly SeedCall[] = [
  {
    subject: 'Cannot sign in after password reset',
    text: 'I reset my password this morning. The portal now says that my account is unknown.\n\nMy laptop was restarted twice.',
    fields: {
      ...incident,
      Type: 150,
      Impact: 3,
      Urgency: 2,
      User: 34419,
      Location: 12,
      ConfigurationItemId: 5431,
    },
    officer: 34002,
    status: 2,
    notes: [
      ['jmercato', 'Thank you for your call. I am looking at your account now.', true],
      ['jmercato', 'The portal caches the old identity; asking the developers about it.', false],
    ],
  },
  {
    subject: 'VPN drops every hour',
    text: 'The connection is lost every hour, nearly to the minute. Colleagues in Leeds see the same.',
    fields: {
      ...incident,
      Type: 201,
      Impact: 2,
      Urgency: 2,
      User: 34420,
      Location: 13,
      ConfigurationItemId: 5432,
    },
    group: 14,
    status: 3,
    notes: [['dfox', 'Waiting for the supplier of the gateway.', true]],
    escalated: true,
  },
  {
    subject: 'Payroll export writes wrong decimal sign',
    text: 'Amounts in the export for the bank carry a comma where a dot is expected. The bank refuses the file.',
    fields: { ...incident, Type: 149, Impact: 2, Urgency: 1, User: 34422, ConfigurationItemId: 5430 },
    group: 16,
    officer: 34004,
    status: 2,
    notes: [
      ['pnair', 'Reproduced with the sample file. The culture of the server was changed on Sunday.', false],
    ],
  },
  {
    subject: 'Order confirmation e-mails arrive twice',
    text: 'Some customers get the confirmation twice, a few seconds apart.',
    fields: { ...incident, Type: 149, Impact: 2, Urgency: 3, User: 34421, ConfigurationItemId: 5433 },
    group: 16,
  },
  {
    subject: 'Access to the finance share',
    text: 'Please give me read access to the finance share; my manager has agreed.',
    fields: { Template: 97, User: 34420, Location: 13 },
  },
  {
    subject: 'Printer on floor 3 prints blank pages',
    text: 'Every second page is blank since Monday.',
    fields: { Template: 98, User: 34419, Location: 12 },
    notes: [['sbauer', 'Replaced the toner; please try again.', true]],
    status: 4,
  },
  {
    subject: 'Customer portal is slow between 9 and 10',
    text: 'Pages take up to 20 s. After 10 o\u2019clock all is well.',
    fields: { ...incident, Type: 149, Impact: 1, Urgency: 2, User: 34421, ConfigurationItemId: 5431 },
    group: 15,
    status: 2,
  },
  {
    subject: 'Wireless does not reach the meeting room',
    text: 'No signal in meeting room 4.',
    fields: { ...incident, Type: 202, Impact: 3, Urgency: 4, User: 34422, Location: 14 },
    group: 14,
  },
  {
    subject: 'Search finds no orders with an umlaut in the name',
    text: 'Looking for "Müller" finds nothing, "Muller" does.',
    fields: { Template: 99, User: 34421, ConfigurationItemId: 5433 },
    group: 16,
  },
  {
    subject: 'Report of open invoices has an empty last page',
    text: 'The last page is always empty, also when there are few invoices.',
    fields: { Template: 96, User: 34422 },
    notes: [['jmercato', 'Fixed with the update of last night.', true]],
    close: 1,
  },
  {
    subject: 'Wish: dark colours in the customer portal',
    text: 'It would be easier on the eyes in the evening.',
    fields: { IpkStatus: 5, IpkStream: 0, Partition: 1, Type: 151, Impact: 3, Urgency: 4, User: 34421 },
    close: 5,
  },
  {
    subject: 'Salary letter shows a former address',
    text: 'My letter went to the address of last year.',
    fields: { IpkStatus: 1, IpkStream: 0, Partition: 2, Type: 149, Impact: 3, Urgency: 3, User: 34419 },
    group: 18,
  },
];

/** A dozen calls as a service desk has them, made through the same rules as everything else. */
export function seedCalls(store: AlembaStore): void {
  store.startCallRefsAt(10_040);
  for (const seed of calls) seedCall(store, seed);
  store.startCallRefsAt(10_056);
  store.ledger.clear();
}

function seedCall(store: AlembaStore, seed: SeedCall): void {
  const agent = (login: string) => {
    const actor = store.actorOf(login, 'seed');
    if (actor === undefined) throw new Error(`no agent ${login}`);
    return actor;
  };
  const desk = agent('jmercato');
  const description = { Description: seed.text, DescriptionHtml: toHtml(seed.text) };
  const { call } = createCall(store, desk, { Subject: seed.subject, ...description, ...seed.fields });
  submitCall(store, desk, call);
  if (seed.group !== undefined || seed.officer !== undefined) {
    performAction(store, desk, call, 'forward', {
      $action: {
        AssignedGroup: seed.group ?? 13,
        ...(seed.officer !== undefined && { AssignedOfficer: seed.officer }),
      },
    });
  }
  for (const [login, text, visible] of seed.notes ?? []) {
    performAction(store, agent(login), call, 'note', {
      $action: {
        VisibleInPortal: visible,
        Description: { Title: 'Note', Description: text, DescriptionHtml: toHtml(text) },
      },
    });
  }
  if (seed.status !== undefined) {
    lockCall(store, desk, call);
    updateCall(store, desk, call, { CallStatus: seed.status });
    unlockCall(store, desk, call);
  }
  if (seed.escalated === true) {
    addSystemHistory(store, desk, call, 'Escalated', 'The agreed response time is at risk.');
  }
  if (seed.close !== undefined)
    performAction(store, desk, call, 'close', { $action: { ClosureReason: seed.close } });
}
