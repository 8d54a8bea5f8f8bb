import type { Readable } from 'node:stream';
import type { ConnectorManifest } from '../contract/connector-manifest.ts';
import type { FieldChange } from '../sync/command.ts';
import type {
  Attachment,
  Choice,
  Comment,
  FieldDescription,
  FieldValues,
  Principal,
  RecordRef,
  RichText,
  Snapshot,
} from '../sync/record.ts';
import type { Transport } from './transport.ts';

/**
 * The port: what Tandem needs of a ticket system. Azure DevOps implements the same `RecordSystem`, so one
 * conformance suite runs over all of them. Every method throws `Failure` (sync/failure.ts) and nothing else.
 */

/** What a connector gets to work with; one per connection, made by the composition root. */
export interface ConnectorContext {
  connectionId: string;
  /** Validated against the manifest. Never holds secrets. */
  settings: Readonly<Record<string, unknown>>;
  /** Reads a secret at the moment of use; throws `Failure` unauthorized when it is not set. */
  secret(name: string): Promise<string>;
  /** Survives restarts and is shared by replicas, sealed at rest: rotating refresh tokens and such. */
  vault: {
    read(name: string): Promise<string | undefined>;
    write(name: string, value: string | undefined): Promise<void>;
    /** Runs `use` while no other replica does: single flight for logins and refreshes. */
    exclusive<T>(name: string, use: () => Promise<T>): Promise<T>;
  };
  /** HTTP with timeouts, size caps, the connection's budget, Retry-After and the address guard. */
  transport: Transport;
  now(): Date;
  log(line: string, facts?: Record<string, unknown>): void;
}

/** Which optional parts a read must bring. `since` is the bookmark in the base: read only what came after it. */
export interface ReadWants {
  comments: boolean | 'ifChanged';
  attachments: boolean | 'ifChanged';
  /** `SideBase.bookmark` of the last agreement. */
  bookmark?: string;
  /** `SideBase.revision` of the last agreement. */
  revision?: string;
  /** Ticket fields that the mapping uses; a connector may read more, and must read these. */
  fields: readonly string[];
}

export interface ReadResult {
  snapshot: Snapshot;
  bookmark?: string;
}

export interface WriteResult {
  ref: RecordRef;
  /** The revision after the write, when the answer tells it. */
  revision?: string;
  /** Values as the system shows them now, for the fields that the answer tells. */
  observed?: FieldValues;
  bookmark?: string;
  /** Fields that were accepted by the call but did not take, with the system's words. */
  refused?: readonly { field: string; problem: string }[];
}

export interface CreateInput {
  type?: string;
  template?: string;
  project?: string;
  fields: FieldValues;
  /** To be stored in the record in the same request; `findByMark` must find it. */
  mark: string;
  /** The counterpart, for a backlink where the system has one. */
  counterpart?: RecordRef;
}

export interface CommentInput {
  body: RichText;
  visibility: 'public' | 'internal';
  /** Already written into the body by the planner; repeated here for systems that have a better place. */
  mark: string;
}

export interface AttachmentInput {
  name: string;
  contentType: string;
  sizeBytes?: number;
  mark: string;
  /** May be opened again for a retry. Ends with an error when the source breaks off. */
  open(): Promise<Readable>;
}

/** Something that may have changed: from a hook or a sweep. Never trusted for content. */
export interface Hint {
  recordId: string;
  /** Comparable with `Snapshot.revision` by `isKnownRevision`. */
  revision?: string;
  /** The change was made by our own identity, as far as the hint tells. */
  own?: boolean;
  what: 'created' | 'updated' | 'commented' | 'attached' | 'deleted' | 'restored' | 'unknown';
  /** Connection-wide unique, for deduplication: delivery id, or record and version. */
  dedupeKey?: string;
}

export interface ChangesPage {
  hints: readonly Hint[];
  /** Opaque; kept by the engine, handed back next time. */
  cursor: string;
  more: boolean;
}

export interface TestCheck {
  /** Stable code: `address`, `credentials`, `rights`, `clock`, `version`, or a connector's own. */
  code: string;
  outcome: 'passed' | 'warning' | 'failed' | 'skipped';
  /** What was found, one sentence. */
  finding: string;
  /** What to do about it; absent when passed. */
  remedy?: string;
}

/** Read and write records of one system. */
export interface LockedRead extends ReadResult {
  /** As `RecordSystem.update`; gives the lock up, whatever becomes of the update. Later ones take a lock of their own. */
  update: RecordSystem['update'];
  /** Gives the lock up when no update has. Never throws. */
  release(): Promise<void>;
}

export interface RecordSystem {
  /** Never throws for a wrong configuration: every finding is a check. */
  test(): Promise<readonly TestCheck[]>;
  /** The identity in use, for `own`. Cached. */
  whoAmI(): Promise<Principal>;
  /** Throws notFound when gone or hidden. */
  read(id: string, wants: ReadWants): Promise<ReadResult>;
  /**
   * Reads a record and keeps it locked for one update. For systems whose updates need a lock, and a reading under it so
   * as to overwrite nothing: that reading then is this one. Undefined when the lock is not to be had at once; the caller
   * reads as usual then. Throws notFound as `read` does.
   */
  readLocked?(id: string, wants: ReadWants): Promise<LockedRead | undefined>;
  /**
   * Gives up the lock that a run of ours which was cut off (a kill, a power cut) may have left on the record; nothing
   * happens when there is none. Never throws. Absent where records are not locked.
   */
  giveUpLock?(id: string): Promise<void>;
  /** After `read` threw notFound: in a recycle bin, or not visible to us. Absent where the system cannot tell. */
  whyMissing?(id: string): Promise<'deleted' | 'notVisible'>;
  /** By number as people type it; undefined when there is none. */
  findByKey(key: string): Promise<RecordRef | undefined>;
  /** Records that carry the mark, own unfinished ones included. Compares exactly. */
  findByMark(mark: string, input: { since: Date; project?: string }): Promise<readonly RecordRef[]>;
  /** By number, title or text; newest first, at most `limit`. */
  search(
    text: string,
    input: { limit: number; type?: string; project?: string },
  ): Promise<readonly RecordCard[]>;
  create(input: CreateInput): Promise<WriteResult>;
  /** Throws stale when `revision` is not current (where the system can tell) or the record is locked. */
  update(
    id: string,
    changes: readonly FieldChange[],
    options: {
      revision: string;
      comment?: CommentInput;
      /** Told as soon as an answer names the revision that the write produced, before locks are given back. */
      onRevision?(revision: string): void;
    },
  ): Promise<WriteResult & { commentId?: string }>;
  addComment(
    id: string,
    comment: CommentInput,
  ): Promise<{ id: string; revision?: string; bookmark?: string }>;
  addAttachment(
    id: string,
    attachment: AttachmentInput,
  ): Promise<{ id: string; revision?: string; bookmark?: string }>;
  openAttachment(id: string, attachment: Attachment): Promise<Readable>;
  listComments(id: string): Promise<readonly Comment[]>;
  listAttachments(id: string): Promise<readonly Attachment[]>;
  addHyperlink(id: string, link: { url: string; comment: string }): Promise<WriteResult>;
  /** Undefined when no one, or more than one, matches. */
  findPerson(person: Principal): Promise<Principal | undefined>;
  /**
   * Records changed since the cursor, oldest first, at least once. Without a cursor it starts at now, or with
   * `fromBeginning` at the first record that there is (for a backfill).
   */
  changes(
    cursor: string | undefined,
    options: { project?: string; fromBeginning?: boolean },
  ): Promise<ChangesPage>;
  /** True when a record at `base` already includes what happened at `hinted`. */
  isKnownRevision(hinted: string, base: string): boolean;
  describe(scope: { type?: string; project?: string; template?: string }): Promise<SystemDescription>;
  /** Frees sessions and licences. */
  close(): Promise<void>;
}

export interface RecordCard {
  ref: RecordRef;
  title: string;
  status: { name: string; category: Snapshot['status']['category'] };
  updatedAt?: string;
}

export interface SystemDescription {
  types: readonly { id: string; name: string }[];
  templates?: readonly { id: string; name: string }[];
  projects?: readonly { id: string; name: string }[];
  fields: readonly FieldDescription[];
  statuses: readonly (Omit<Choice, 'kind'> & { category: Snapshot['status']['category'] })[];
  /** Id of the field that holds the status, the title, and the description. */
  roles: { status: string; title: string; description: string; priority?: string; assignee?: string };
}

/** A webhook as it arrived. `body` are the raw bytes; headers have lower-case names. */
export interface HookRequest {
  headers: Readonly<Record<string, string | undefined>>;
  query: Readonly<Record<string, string>>;
  body: Buffer;
}

export type HookReading =
  | { verdict: 'hints'; hints: readonly Hint[] }
  /** Authentic, but nothing that we use; kept and shown. */
  | { verdict: 'ignored'; reason: string }
  /** Authentic, but not readable; parked. */
  | { verdict: 'unreadable'; reason: string };

/** Code for one kind of ticket system. */
export interface Connector {
  manifest: ConnectorManifest;
  connect(context: ConnectorContext): RecordSystem;
  /** True when one of the accepted secrets (new and old during rotation) proves the sender. Constant time. */
  verifyHook(request: HookRequest, secrets: readonly string[]): boolean;
  /** Pure: no I/O. Must not throw. */
  readHook(request: HookRequest): HookReading;
  /** What an admin must enter in the ticket system so that hooks arrive; the address and secret are filled in. */
  hookInstructions(input: { url: string; secret: string }): readonly string[];
}
