export type PropertyKind = 'string' | 'integer' | 'boolean' | 'date' | 'binary';

export type DisplayType =
  | 'Text'
  | 'TextArea'
  | 'RichText'
  | 'Select'
  | 'TieredSelect'
  | 'Lookup'
  | 'Checkbox'
  | 'DateTimePicker'
  | 'Numeric';

export interface PropertyType {
  name: string;
  title: string;
  kind: PropertyKind;
  displayType: DisplayType;
  /** The entity that an integer reference points to. */
  relation?: string;
  readOnly?: boolean;
  maxLength?: number;
  /** The other half of a rich text: both must be written together. */
  richTextPair?: string;
  /** Another name of the same property in this entity. */
  source?: string;
}

export interface EntityType {
  name: string;
  properties: ReadonlyMap<string, PropertyType>;
}

type Part = Omit<PropertyType, 'name' | 'title'> & { title?: string };

const titled = (name: string) => name.replaceAll(/(?<=[a-z])(?=[A-Z0-9])/g, ' ');

function entity(name: string, parts: Record<string, Part>): EntityType {
  const properties = new Map<string, PropertyType>();
  for (const [property, part] of Object.entries(parts)) {
    properties.set(property, { name: property, title: titled(property), ...part });
  }
  return { name, properties };
}

const text = (maxLength?: number): Part => ({
  kind: 'string',
  displayType: 'Text',
  ...(maxLength && { maxLength }),
});
const integer: Part = { kind: 'integer', displayType: 'Numeric' };
const flag: Part = { kind: 'boolean', displayType: 'Checkbox' };
const date: Part = { kind: 'date', displayType: 'DateTimePicker' };
const select = (relation: string): Part => ({ kind: 'integer', displayType: 'Select', relation });
const tiered = (relation: string): Part => ({ kind: 'integer', displayType: 'TieredSelect', relation });
const lookup = (relation: string): Part => ({ kind: 'integer', displayType: 'Lookup', relation });
const readOnly = (part: Part): Part => ({ ...part, readOnly: true });

const customStrings = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => [`CustomString${index + 1}`, text(255)]),
);

export const callEntity = entity('call', {
  Ref: readOnly(integer),
  Subject: text(255),
  Description: { kind: 'string', displayType: 'RichText', richTextPair: 'DescriptionHtml' },
  DescriptionHtml: { kind: 'string', displayType: 'RichText', richTextPair: 'Description' },
  Solution: { kind: 'string', displayType: 'RichText', richTextPair: 'SolutionHtml' },
  SolutionHtml: { kind: 'string', displayType: 'RichText', richTextPair: 'Solution' },
  IpkStatus: select('ipk-status'),
  IpkStream: select('ipk-stream'),
  Type: tiered('type'),
  Impact: select('impact'),
  Urgency: select('urgency'),
  Priority: select('priority'),
  CallStatus: select('call-status'),
  CallState: readOnly(select('call-state')),
  PhysicalStatus: readOnly(select('physical-status')),
  ReceivingGroup: lookup('group'),
  AssignedGroup: readOnly(lookup('group')),
  AssignedOfficer: readOnly(lookup('person')),
  User: lookup('person'),
  Organization: lookup('organization'),
  Location: lookup('location'),
  ConfigurationItemId: lookup('configuration-item'),
  Partition: select('partition'),
  Template: lookup('call-template'),
  ClosureReason: select('closure-reason'),
  DueDate: date,
  ...customStrings,
  CustomInteger1: integer,
  CustomInteger2: integer,
  CustomDate1: date,
  CustomBoolean1: flag,
  ActualLogDate: readOnly(date),
  ClosedDate: readOnly(date),
  LoggedBy: readOnly(lookup('person')),
  LastActionDate: readOnly(date),
  LastHistoryOrder: readOnly(integer),
  LastActionedBy: readOnly(lookup('person')),
});

export const historyEntity = entity('history', {
  TicketId: readOnly(integer),
  Order: readOnly(integer),
  ActionType: readOnly(text()),
  ActionTitle: readOnly(text(255)),
  ActionDescription: readOnly({ kind: 'string', displayType: 'TextArea' }),
  ActionDescriptionHtml: readOnly({ kind: 'string', displayType: 'RichText' }),
  // The guide's join example reads `LastAction.Description`.
  Title: { ...readOnly(text(255)), source: 'ActionTitle' },
  Description: { ...readOnly({ kind: 'string', displayType: 'TextArea' }), source: 'ActionDescription' },
  DescriptionHtml: {
    ...readOnly({ kind: 'string', displayType: 'RichText' }),
    source: 'ActionDescriptionHtml',
  },
  ActionedBy: readOnly(lookup('person')),
  ActionDate: readOnly(date),
  IsSystem: readOnly(flag),
  VisibleInPortal: readOnly(flag),
});

export const attachmentEntity = entity('attachment', {
  Ref: readOnly(integer),
  TicketId: readOnly(integer),
  Name: text(255),
  ContentType: text(255),
  FileSize: readOnly(integer),
  CreatedBy: readOnly(lookup('person')),
  CreatedDate: readOnly(date),
  BinaryData: { kind: 'binary', displayType: 'Text' },
});

const named = (name: string, more: Record<string, Part> = {}) =>
  entity(name, { Ref: readOnly(integer), Name: text(255), ...more });

export const lookupEntities: readonly EntityType[] = [
  named('call-status', { CallState: select('call-state') }),
  named('call-state', { IsClosed: flag }),
  named('physical-status'),
  named('ipk-status', { EntityName: text() }),
  named('ipk-stream'),
  named('type', { Parent: tiered('type'), FullName: text() }),
  named('impact'),
  named('urgency'),
  named('priority', { ResponseHours: integer }),
  named('group', { EmailAddress: text() }),
  named('partition'),
  named('person', {
    EmailAddress: text(),
    LoginId: text(),
    IsAnalyst: flag,
    Organization: lookup('organization'),
    Location: lookup('location'),
  }),
  named('organization'),
  named('location'),
  named('configuration-item'),
  named('closure-reason'),
  named('call-template', {
    IpkStatus: select('ipk-status'),
    IpkStream: select('ipk-stream'),
    Type: tiered('type'),
    Impact: select('impact'),
    Urgency: select('urgency'),
    ReceivingGroup: lookup('group'),
    Partition: select('partition'),
  }),
  named('ipk-status-stream-to-type', {
    IpkStatus: select('ipk-status'),
    IpkStream: select('ipk-stream'),
    Type: tiered('type'),
  }),
  named('ipk-status-stream-type-to-type', {
    IpkStatus: select('ipk-status'),
    IpkStream: select('ipk-stream'),
    Type: tiered('type'),
  }),
];

export const entitiesByName: ReadonlyMap<string, EntityType> = new Map(
  [callEntity, historyEntity, attachmentEntity, ...lookupEntities].map((type) => [type.name, type]),
);
