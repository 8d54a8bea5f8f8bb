/** The two sides of a link. `workItem` is Azure DevOps, `ticket` is the ITSM record whatever its vendor calls it. */
export type Side = 'workItem' | 'ticket';

export const otherSide = (side: Side): Side => (side === 'workItem' ? 'ticket' : 'workItem');

/** Text with markup. `html` is the canonical form between systems; `markdown` and `text` are what a field may hold. */
export interface RichText {
  kind: 'rich';
  format: 'html' | 'markdown' | 'text';
  text: string;
}

/** One of a closed list, keyed by the system's own id so that renaming or another language changes nothing. */
export interface Choice {
  kind: 'choice';
  id: string;
  name?: string;
}

export interface Principal {
  kind: 'principal';
  id: string;
  name?: string;
  email?: string;
  login?: string;
}

/** A point in time, ISO 8601 in UTC. */
export interface Instant {
  kind: 'instant';
  at: string;
}

/** A calendar day without a time zone, `YYYY-MM-DD`. */
export interface CalendarDay {
  kind: 'day';
  on: string;
}

/** A set of words (tags); order and case carry no meaning. */
export interface WordSet {
  kind: 'words';
  words: readonly string[];
}

/** What a field can hold. `null` says "known to be empty"; a field that was not read is absent, never null. */
export type FieldValue =
  | null
  | string
  | number
  | boolean
  | RichText
  | Choice
  | Principal
  | Instant
  | CalendarDay
  | WordSet;

export type FieldValues = Readonly<Record<string, FieldValue>>;

/** Identifies a record within its connection (tickets) or organisation (work items). All ids are strings. */
export interface RecordRef {
  id: string;
  /** What people call it: a work item's or a call's number. */
  key: string;
  /** Opens the record in a browser. */
  url: string;
  /** Work item type, or the ticket system's type. */
  type?: string;
  /** Azure DevOps project name, or the ticket's partition/space if the system has one. */
  project?: string;
}

export type StatusCategory = 'proposed' | 'inProgress' | 'resolved' | 'completed' | 'removed' | 'unknown';

export interface Comment {
  /** Unique within the record. */
  id: string;
  at: string;
  author?: Principal;
  body: RichText;
  visibility: 'public' | 'internal';
  /** Written by the system itself (escalations, state notes), not by a person. */
  system: boolean;
  /** Marks of Tandem found in the body (see `mark.ts`), whoever wrote it. */
  marks: readonly string[];
}

export interface Attachment {
  id: string;
  name: string;
  /** Absent when the system does not tell before the download. */
  sizeBytes?: number;
  contentType?: string;
  at?: string;
  author?: Principal;
  /** Marks of Tandem carried in the attachment's comment, where the system has one. */
  marks: readonly string[];
}

/**
 * A record as read at one time. Optional parts that were not read are absent: unknown is never empty, and the
 * planner leaves alone what is unknown.
 */
export interface Snapshot {
  side: Side;
  ref: RecordRef;
  /** The vendor's version mark, opaque outside its connector: a work item's rev, a call's last action. */
  revision: string;
  title: string;
  /** The status in the system's own words with its category, for people. Also present in `fields` for mapping. */
  status: { id: string; name: string; category: StatusCategory };
  priority?: string;
  assignee?: Principal | null;
  createdAt?: string;
  updatedAt: string;
  updatedBy?: Principal;
  /** The last change was made by the identity that Tandem itself uses on this side. */
  own: boolean;
  fields: FieldValues;
  comments?: readonly Comment[];
  attachments?: readonly Attachment[];
  /** Addresses of hyperlinks on the record, where the system has such. */
  hyperlinks?: readonly string[];
  /** Due or service level time, when the system gives one. */
  dueAt?: string;
  /** Marks of Tandem found in the record's own correlation field, link comments or text: who carries one, we created. */
  marks?: readonly string[];
  /** The record lies in a recycle bin. */
  deleted: boolean;
}

/** The result of reading one side of a link. */
export type Reading =
  | { state: 'present'; snapshot: Snapshot }
  /** Read as gone; `deleted` when the system says it can be restored. */
  | { state: 'missing'; how: 'deleted' | 'notVisible' }
  /** Not read this time (nothing hinted at it, or the read failed): leave alone. */
  | { state: 'unknown' };

/** What a field is, as its system describes it: draws pickers, checks mappings. */
export interface FieldDescription {
  id: string;
  name: string;
  type:
    | 'string'
    | 'rich'
    | 'integer'
    | 'number'
    | 'boolean'
    | 'instant'
    | 'day'
    | 'choice'
    | 'principal'
    | 'status'
    | 'words'
    | 'tree'
    | 'url';
  required: boolean;
  readOnly: boolean;
  /**
   * What was described for keeps the field from being written: the template sets it, or records of the type do not take
   * it. Advice for whoever makes a mapping; plans do not ask for it. Absent where the system does not tell.
   */
  barredBy?: 'template' | 'type';
  maxLength?: number;
  choices?: readonly { id: string; name: string; category?: StatusCategory }[];
  /** A person's hint about the field, from the system. */
  help?: string;
}
