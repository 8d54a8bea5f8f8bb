import type { Attachment, FieldValue, RichText, Side } from './record.ts';

/** One field to write, with the mapping row that asked for it, so that a refusal can name it. */
export interface FieldChange {
  field: string;
  value: FieldValue;
  /** Id of the field mapping, `state` for the state map, `response` for the response map. */
  row: string;
  /** For a principal that the other side does not know. */
  onUnknownPerson?: 'leave' | 'clear' | { kind: 'principal'; id: string };
}

/** A comment or attachment that must arrive exactly once: its intent is stored before it is sent. */
interface OnceOnly {
  /** Id of the comment or attachment on the side it comes from. */
  sourceId: string;
  mark: string;
}

export type Command =
  /** All field and state changes of one side in one write, planned on `revision`. */
  | { kind: 'update'; side: Side; revision: string; changes: readonly FieldChange[] }
  | ({ kind: 'addComment'; side: Side; body: RichText; visibility: 'public' | 'internal' } & OnceOnly)
  /** `maxBytes` for files whose size shows only while they are read. */
  | ({ kind: 'addAttachment'; side: Side; attachment: Attachment; maxBytes: number } & OnceOnly)
  /** Make the other record reachable from this one (a Hyperlink relation, a backlink field). */
  | { kind: 'addHyperlink'; side: Side; url: string; comment: string }
  /** End of the link by policy (the other record was deleted). Deletes nothing on either side. */
  | { kind: 'endLink'; reason: 'deleted' | 'notVisible' }
  | { kind: 'ignoreMissing'; side: Side };

/** Both sides changed the same mapped field and the policy says that a person decides. */
export interface Conflict {
  row: string;
  workItem: { field: string; value: FieldValue; at?: string; by?: string };
  ticket: { field: string; value: FieldValue; at?: string; by?: string };
}

/** Why something was or was not done, for the explain timeline. Codes are closed; words are the extension's. */
export interface Note {
  code:
    | 'fieldSent'
    | 'fieldOverruled'
    | 'fieldUnmappable'
    | 'fieldUnknown'
    | 'fieldKept'
    | 'stateUnmapped'
    | 'conflict'
    | 'commentSent'
    | 'commentHeldBack'
    | 'attachmentSent'
    | 'attachmentHeldBack'
    | 'recordMissing'
    | 'recordRestored'
    | 'markupLost';
  side: Side;
  row?: string;
  field?: string;
  /** Short values for people, at most 200 characters each. */
  from?: string;
  to?: string;
  reason?: string;
}
