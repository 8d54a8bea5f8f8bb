import type { Connector, CreateInput, RecordSystem } from '../../../backend/connectors/connector.ts';
import { type FailureKind, isFailure } from '../../../backend/sync/failure.ts';
import type { FieldValue, Principal } from '../../../backend/sync/record.ts';
import type { Faults } from '../../sandbox/faults.ts';

/** One system under the conformance suite, with a simulator behind it that a test can act in as somebody else. */
export interface ConformanceSystem {
  system: RecordSystem;
  /** The same connection as another replica, or after a restart. */
  another(): RecordSystem;
  misconfigured: {
    address(): RecordSystem;
    password(): RecordSystem;
    /** Signs in, but may not write. */
    rights(): RecordSystem;
  };
  roles: { title: string; description: string; status: string };
  newRecord(
    title: string,
    description?: string,
  ): Pick<CreateInput, 'type' | 'template' | 'project' | 'fields'>;
  /** Ids: what a new record has, one that is reached by writing the field, one that means done. */
  statuses: { open: string; working: string; done: string };
  /** A change that the system's validation refuses, and the field that it then names. */
  refused: { field: string; value: FieldValue };
  /** Someone whom the system knows by e-mail address. */
  person: Principal;
  /** A record that exists and may not be seen by the connection. */
  hiddenId(): Promise<string>;
  /** Acts directly in the simulator as a person that is not the connection's own identity. */
  other: {
    changeTitle(id: string, title: string): Promise<void>;
    comment(id: string, text: string, visibility: 'public' | 'internal'): Promise<void>;
    attach(id: string, name: string, bytes: Buffer): Promise<void>;
    /** Absent where the system knows no locks. */
    lock?(id: string): Promise<void>;
  };
  faults: Faults;
  /** Which requests a fault should hit. */
  paths: Readonly<
    Record<'create' | 'read' | 'update' | 'comment' | 'attach', { method: string; path: string }>
  >;
  /** Requests since the last call of `forgetRequests`, by the simulator's own ledger. */
  requests(): { reads: number; writes: number; all: readonly string[] };
  forgetRequests(): void;
  /** Records that carry this mark, as the simulator itself sees it. */
  countCreated(): number;
  hooks: Pick<Connector, 'verifyHook' | 'readHook' | 'hookInstructions'> & {
    /** A delivery as the system makes it, for a change of this record. */
    sample(
      id: string,
      secret: string,
    ): { headers: Record<string, string>; query: Record<string, string>; body: Buffer };
  };
  /** Whether comments keep apart what the portal shows. */
  hasVisibility: boolean;
  close(): Promise<void>;
}

export interface ConformanceInput {
  name: string;
  open(): Promise<ConformanceSystem>;
}

/** `letters` of Crockford's base 32, as the engine makes them. */
let marks = 0;
export function newMark(): string {
  marks += 1;
  return `k7${marks.toString(16).padStart(10, '0')}`;
}

export async function failureOf(
  attempt: Promise<unknown>,
): Promise<{ kind: FailureKind | 'none'; error: unknown }> {
  try {
    await attempt;
    return { kind: 'none', error: undefined };
  } catch (error) {
    // Everything that a connector throws is a Failure; anything else fails the test with its own words.
    if (!isFailure(error)) throw error;
    return { kind: error.kind, error };
  }
}

export const wantsAll = (fields: readonly string[]) =>
  ({ comments: true, attachments: true, fields }) as const;
export const wantsFields = (fields: readonly string[]) =>
  ({ comments: false, attachments: false, fields }) as const;

export async function createRecord(side: ConformanceSystem, title = 'Cannot sign in'): Promise<string> {
  const { ref } = await side.system.create({ ...side.newRecord(title), mark: newMark() });
  return ref.id;
}
