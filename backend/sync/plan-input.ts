import type { MappingSettings } from '../contract/mapping.ts';
import type { Command, Conflict, FieldChange, Note } from './command.ts';
import type { Base, LinkState, Pair } from './link-state.ts';
import type { FieldDescription, FieldValues, Reading, RecordRef, Side } from './record.ts';

/** Everything that the planner may look at. Same input, same plan. */
export interface PlanInput {
  link: LinkState;
  workItem: Reading;
  ticket: Reading;
  mapping: MappingSettings;
  /** What the fields are on each side; without it a value is copied as it is. */
  fields: Readonly<Record<Side, Readonly<Record<string, FieldDescription>>>>;
  /** Id of the field that holds the status on each side. */
  statusField: Readonly<Record<Side, string>>;
  /** Names for people in attribution lines and hyperlinks, e.g. "Azure DevOps" and "Alemba". */
  systemName: Readonly<Record<Side, string>>;
  /** Capabilities that limit what may be planned. */
  can: { ticketComments: boolean; ticketAttachments: boolean; ticketAttachmentsMaxBytes: number };
}

/** What one row amounts to, for settling: the base it gets when its write succeeds, or at once when it has none. */
export interface RowSettlement {
  row: string;
  /** Side that is written; absent when the sides agree already or the change is only taken note of. */
  writes?: Side;
  /** Only says what a written value looks like when it is read back; the row may go on to have its own settlement. */
  confirms?: boolean;
  /** Field that is written, to find its observed value. */
  field?: string;
  /** Base values per side and key (see `SideBase.values`) after success. */
  base: Readonly<Partial<Record<Side, Readonly<Record<string, string>>>>>;
}

export interface Plan {
  commands: readonly Command[];
  conflicts: readonly Conflict[];
  notes: readonly Note[];
  settlements: readonly RowSettlement[];
  /** Ids per side that need no more attention once the plan is carried out (held back, or there before the link). */
  seen: Readonly<Record<Side, { comments: readonly string[]; attachments: readonly string[] }>>;
  /** Recognised by their marks although `LinkState.pairs` lacks them (a lost answer): to be stored. */
  pairs: readonly Pair[];
}

/** What happened to a command. */
export interface CommandOutcome {
  command: Command;
  /** heldBack: a file turned out too large while it was read; nothing arrived, and it stays where it is. */
  outcome: 'done' | 'failed' | 'notTried' | 'heldBack';
  /** For done: as the system answered. */
  revision?: string;
  observed?: FieldValues;
  bookmark?: string;
  /** Rows that the system did not take although the call succeeded. */
  refusedRows?: readonly string[];
  /** Id of the created comment or attachment. */
  createdId?: string;
}

export interface SettleInput {
  input: PlanInput;
  plan: Plan;
  outcomes: readonly CommandOutcome[];
  bookmarks: Readonly<Partial<Record<Side, string>>>;
}

export interface Settled {
  base: Base | undefined;
  responded: boolean;
  /** Resolutions that were used and are to be forgotten. */
  usedResolutions: readonly string[];
}

/** What to create on the other side for a record without a counterpart. */
export interface CreatePlan {
  side: Side;
  type?: string;
  template?: string;
  project?: string;
  fields: FieldValues;
  /** By field, for people whom the other side may not know. */
  onUnknownPerson?: Readonly<Record<string, FieldChange['onUnknownPerson']>>;
  notes: readonly Note[];
  /** Required fields (by description) that the mapping leaves empty. */
  missing: readonly string[];
}

export interface MatchResult {
  mappingId: string;
  /** The record's reference field names an existing counterpart: link to it instead of creating. */
  existingKey?: string;
}

export type { RecordRef };
