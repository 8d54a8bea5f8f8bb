export type Scalar = string | number | boolean | null;

/** One record of any entity, by property name. Dates are epoch milliseconds; the schema knows which ones are. */
export type Row = Record<string, Scalar | undefined>;

export interface LookupRow extends Row {
  Ref: number;
  Name: string;
}

export interface Person extends LookupRow {
  EmailAddress: string | null;
  LoginId: string;
  IsAnalyst: boolean;
}

export interface CallValues extends Row {
  Ref: number;
  LastActionDate: number;
  LastHistoryOrder: number;
}

export interface HistoryEntry extends Row {
  TicketId: number;
  Order: number;
  ActionType: string;
  ActionTitle: string;
  ActionDescription: string;
  ActionDescriptionHtml: string;
  ActionedBy: number;
  ActionDate: number;
  IsSystem: boolean;
  VisibleInPortal: boolean;
}

export interface AttachmentRow extends Row {
  Ref: number;
  TicketId: number;
  Name: string;
  ContentType: string;
  FileSize: number;
  CreatedBy: number;
  CreatedDate: number;
  /** Only says that there is data; the bytes are in a file. */
  BinaryData: string;
}

export interface Attachment {
  row: AttachmentRow;
  path: string;
  sha256: string;
}

export interface Lock {
  person: number;
  session: string;
  atMs: number;
}

export interface Call {
  ref: number;
  values: CallValues;
  submitted: boolean;
  creator: number;
  lock: Lock | undefined;
  history: HistoryEntry[];
  attachments: Attachment[];
  /** Which entry of the activity log is the current one. */
  activitySequence: number;
}

/** Who acts: an API session, or an agent on the sandbox's page. */
export interface Actor {
  person: number;
  name: string;
  session: string;
  kind: 'Analyst' | 'User' | 'Anonymous';
  /** `null` sees every partition. */
  partitions: readonly number[] | null;
}

export type Trigger =
  | 'Created'
  | 'Submitted'
  | 'Updated'
  | 'Actioned'
  | 'Forwarded'
  | 'Closed'
  | 'Reopened'
  | 'AttachmentAdded'
  | 'AttachmentRemoved';

export const triggers: readonly Trigger[] = [
  'Created',
  'Submitted',
  'Updated',
  'Actioned',
  'Forwarded',
  'Closed',
  'Reopened',
  'AttachmentAdded',
  'AttachmentRemoved',
];

export interface CallChange {
  trigger: Trigger;
  call: Call;
  historyOrder: number;
  attachments: Attachment[];
}
