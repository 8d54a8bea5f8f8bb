import type { z } from 'zod';
import type { mappingSettings, Transform } from '../../backend/contract/mapping.ts';

/** As a person would enter it: what has a default in the contract may be left out. */
type MappingInput = z.input<typeof mappingSettings>;

/** The group of the simulated service desk whose calls become bugs. */
const developmentGroup = '16';
/** The call template "Software fault". */
const softwareFault = '96';
/** A bug with this tag gets a call by itself. */
export const serviceDeskTag = 'service desk';

const table = (rows: [from: string, to: string][]): Transform => ({
  kind: 'table',
  rows: rows.map(([from, to]) => ({ from, to })),
  otherwise: 'leave',
});

/** Developers and the agents who look after their bugs. Both sides have their own people, so nobody matches by e-mail. */
const pairs: [developer: string, agent: string][] = [
  ['noor.haddad@fabrikam.example', 'jessica.mercato@fabrikam.example'],
  ['tomasz.wojcik@fabrikam.example', 'priya.nair@fabrikam.example'],
  ['avery.lindqvist@fabrikam.example', 'daniel.fox@fabrikam.example'],
];

const people = (isOut: boolean): Transform => ({
  kind: 'identity',
  table: pairs.map(([developer, agent]) =>
    isOut ? { from: developer, to: agent } : { from: agent, to: developer },
  ),
  onUnknown: 'leave',
});

/** The mapping that a newcomer finds: bugs of Fabrikam and calls, kept in agreement both ways. */
export const sandboxMapping = (connectionId: string): MappingInput => ({
  name: 'Bugs and calls',
  connectionId,
  project: 'Fabrikam',
  workItemTypes: ['Bug'],
  ticketTemplate: softwareFault,
  createTicket: {
    mode: 'automatic',
    rule: { kind: 'condition', field: 'System.Tags', operator: 'contains', value: serviceDeskTag },
  },
  createWorkItem: {
    mode: 'automatic',
    rule: { kind: 'condition', field: 'AssignedGroup', operator: 'equals', value: developmentGroup },
  },
  fields: [
    { id: 'title', workItemField: 'System.Title', ticketField: 'Subject', direction: 'both' },
    {
      id: 'description',
      workItemField: 'Microsoft.VSTS.TCM.ReproSteps',
      ticketField: 'Description',
      direction: 'both',
      out: { kind: 'rich' },
      in: { kind: 'rich' },
    },
    {
      id: 'priority',
      workItemField: 'Microsoft.VSTS.Common.Priority',
      ticketField: 'Priority',
      direction: 'both',
      out: table([
        ['1', '1'],
        ['2', '2'],
        ['3', '3'],
        ['4', '4'],
      ]),
      in: table([
        ['1', '1'],
        ['2', '2'],
        ['3', '3'],
        ['4', '4'],
        ['5', '4'],
      ]),
    },
    {
      id: 'assignee',
      workItemField: 'System.AssignedTo',
      ticketField: 'AssignedOfficer',
      direction: 'both',
      out: people(true),
      in: people(false),
    },
  ],
  states: {
    enabled: true,
    rows: [
      { workItemState: 'New', ticketStatus: '1' },
      { workItemState: 'Active', ticketStatus: '2' },
      { workItemState: 'Active', ticketStatus: '3', direction: 'in' },
      { workItemState: 'Resolved', ticketStatus: '4' },
      { workItemState: 'Closed', ticketStatus: '5' },
      { workItemState: 'Closed', ticketStatus: '6', direction: 'in' },
    ],
  },
  comments: { out: true, in: true, history: 'all' },
  attachments: { out: true, in: true, history: 'all' },
  conflict: 'newestWins',
  onLink: 'ticketWins',
  referenceField: 'Custom.TicketNumber',
  response: {
    workItem: [{ field: 'Custom.TicketNumber', value: 'key' }],
    ticket: [{ field: 'CustomString3', value: 'key' }],
  },
  onDeleted: { workItem: 'note', ticket: 'note' },
});
