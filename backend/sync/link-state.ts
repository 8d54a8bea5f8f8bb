import type { Side } from './record.ts';

/**
 * A value reduced to a text that is equal exactly when people would call the values equal (markup normalised, words
 * sorted, ids instead of names). Texts beyond 120 characters are kept as `h128:<hex>`, a 128-bit hash that needs no
 * crypto library; see `canonical.ts` and `hash.ts`.
 */
export type Canonical = string;

/** Differs from everything but an empty value: the next plan takes the side's value for an edit. */
export const neverSeen: Canonical = '';

/** What one side showed when the two last agreed. */
export interface SideBase {
  revision: string;
  /**
   * Keys are `<row>:<field>`, or `=<row>` for composed values. Per row, not per field: one field may feed several
   * rows, and a row whose write is refused must not hold up the others; a row that is pointed at another field
   * starts without a base instead of taking the difference of two fields for an edit.
   */
  values: Readonly<Record<string, Canonical>>;
  /**
   * Keys of values that Tandem wrote and has not read back yet: the first reading is taken as base without counting
   * as an edit, provided that nobody but Tandem touched the record since (the revision is still `ownRevision`; where
   * writes are not answered with one, `Snapshot.own`) or the text is the same.
   */
  unconfirmed?: readonly string[];
  /** Revision after Tandem's last write, when every write of that plan was answered with one. */
  ownRevision?: string;
  /** Ids of comments that need no more attention: carried over, held back by policy, or there before the link. */
  comments?: readonly string[];
  attachments?: readonly string[];
  /** Connector's own bookmark for cheap reads (for example the last history order), opaque. */
  bookmark?: string;
  /** Last known condition of the record, so that a restore is noticed. */
  missing?: boolean;
}

export type Base = Readonly<Record<Side, SideBase>>;

/** A comment or attachment that exists on both sides. */
export interface Pair {
  kind: 'comment' | 'attachment';
  workItemSideId: string;
  ticketSideId: string;
}

/** What the planner is told about a link beside the two readings. */
export interface LinkState {
  id: string;
  /** Absent until the two sides were seen together for the first time. */
  base?: Base;
  pairs: readonly Pair[];
  /** Who created the pair: decides whose values win the first agreement. */
  origin: 'createdTicket' | 'createdWorkItem' | 'linked';
  /** ISO time of the link's start: comments from then on are no history, even if none were read before. */
  since?: string;
  /** Choices a person made on conflicts, by row; applied by the next plan, then cleared. */
  resolutions: Readonly<Record<string, Side>>;
  /** The response map and the hyperlink were written. */
  responded: boolean;
}
