import type { Ledger } from '../../ledger.ts';
import type { MovableClock } from './clock.ts';
import type {
  Actor,
  Attachment,
  Call,
  CallChange,
  CallValues,
  LookupRow,
  Person,
  Scalar,
  Trigger,
} from './model.ts';
import { callEntity } from './schema.ts';
import { type AlembaSettings, defaultSettings } from './settings.ts';

export interface Account {
  login: string;
  password: string;
  person: number;
  locked: boolean;
  /** `null` sees every partition. */
  partitions: readonly number[] | null;
}

interface Activity {
  call: Call;
  sequence: number;
  atMs: number;
}

/** The calls as plain data, so that a sandbox can go on where it stopped; the tables around them are seeded. */
export interface CallsSnapshot {
  calls: Call[];
  settings: AlembaSettings;
  nextCallRef: number;
  nextAttachmentRef: number;
}

const customString = /^CustomString\d+$/;

/** Everything that the simulated system knows, with the indexes that keep reads fast. No rules live here. */
export class AlembaStore {
  readonly clock: MovableClock;
  readonly ledger: Ledger;
  settings: AlembaSettings = defaultSettings();
  readonly calls = new Map<number, Call>();
  readonly lookups = new Map<string, Map<number, LookupRow>>();
  readonly accounts = new Map<string, Account>();
  #nextCallRef = 10_000;
  #nextAttachmentRef = 1_720;
  #byCustomString = new Map<string, Map<string, Set<Call>>>();
  /** Grows in order of time; an entry counts while its sequence is the call's current one. */
  #activity: Activity[] = [];
  #listeners = new Set<(change: CallChange) => void>();

  constructor(clock: MovableClock, ledger: Ledger) {
    this.clock = clock;
    this.ledger = ledger;
  }

  get persons(): Map<number, Person> {
    return this.table('person') as Map<number, Person>;
  }

  get groups(): Map<number, LookupRow> {
    return this.table('group');
  }

  get statuses(): Map<number, LookupRow> {
    return this.table('call-status');
  }

  table(entity: string): Map<number, LookupRow> {
    let rows = this.lookups.get(entity);
    if (rows === undefined) {
      rows = new Map();
      this.lookups.set(entity, rows);
    }
    return rows;
  }

  /** `relation` names an entity; a call itself can be looked up, too. */
  lookup(relation: string, ref: number): Record<string, Scalar | undefined> | undefined {
    return relation === 'call' ? this.calls.get(ref)?.values : this.lookups.get(relation)?.get(ref);
  }

  personName(ref: number): string {
    return this.persons.get(ref)?.Name ?? `Person ${ref}`;
  }

  actorOf(login: string, session: string): Actor | undefined {
    const account = this.accounts.get(login);
    const person = account === undefined ? undefined : this.persons.get(account.person);
    if (account === undefined || person === undefined) return undefined;
    const kind = person.IsAnalyst ? 'Analyst' : 'User';
    return { person: person.Ref, name: person.Name, session, kind, partitions: account.partitions };
  }

  /** Now, in the resolution in which the system keeps dates. */
  stampMs(): number {
    const { dateResolutionMs } = this.settings;
    return Math.floor(this.clock.nowMs() / dateResolutionMs) * dateResolutionMs;
  }

  startCallRefsAt(ref: number): void {
    this.#nextCallRef = ref;
  }

  addCall(creator: number): Call {
    const ref = this.#nextCallRef++;
    const values = { Ref: ref, LastActionDate: 0, LastHistoryOrder: 0 } as CallValues;
    // One shape for all calls: property reads stay fast.
    for (const name of callEntity.properties.keys()) if (!(name in values)) values[name] = null;
    const call: Call = {
      ref,
      values,
      submitted: false,
      creator,
      lock: undefined,
      history: [],
      attachments: [],
      activitySequence: 0,
    };
    this.calls.set(ref, call);
    return call;
  }

  nextAttachmentRef(): number {
    return this.#nextAttachmentRef++;
  }

  /** The only way to change a call's values, so that the indexes follow. */
  setValue(call: Call, name: string, value: Scalar): void {
    if (customString.test(name)) this.#reindex(call, name, call.values[name], value);
    call.values[name] = value;
  }

  callsByCustomString(name: string, value: string): ReadonlySet<Call> {
    return this.#byCustomString.get(name)?.get(value) ?? new Set();
  }

  /** Moves the call to the end of the activity log. */
  touch(call: Call, atMs: number): void {
    call.activitySequence += 1;
    call.values.LastActionDate = atMs;
    this.#activity.push({ call, sequence: call.activitySequence, atMs });
    if (this.#activity.length > 1_000 && this.#activity.length > this.calls.size * 4) {
      this.#activity = this.#activity.filter((entry) => entry.sequence === entry.call.activitySequence);
    }
  }

  /** Calls whose LastActionDate is `fromMs` or later, oldest first. */
  *callsActiveSince(fromMs: number): Generator<Call> {
    let low = 0;
    let high = this.#activity.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#activity[middle] as Activity).atMs < fromMs) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < this.#activity.length; index += 1) {
      const { call, sequence } = this.#activity[index] as Activity;
      if (sequence === call.activitySequence) yield call;
    }
  }

  onChange(listener: (change: CallChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  announce(trigger: Trigger, call: Call, historyOrder: number, attachments: Attachment[] = []): void {
    for (const listener of this.#listeners) listener({ trigger, call, historyOrder, attachments });
  }

  effect(effect: string, call: Call | string, actor: Actor, detail?: unknown): void {
    this.ledger.record({
      kind: 'effect',
      at: this.clock.nowIso(),
      effect,
      recordId: typeof call === 'string' ? call : String(call.ref),
      actor: actor.name,
      ...(detail !== undefined && { detail }),
    });
  }

  snapshot(): CallsSnapshot {
    return {
      // A lock ends with the session that holds it, and sessions do not outlive the simulator.
      calls: [...this.calls.values()].map((call) => ({ ...call, lock: undefined })),
      settings: this.settings,
      nextCallRef: this.#nextCallRef,
      nextAttachmentRef: this.#nextAttachmentRef,
    };
  }

  /** Takes the place of all calls. */
  restore(snapshot: CallsSnapshot): void {
    this.calls.clear();
    this.#byCustomString.clear();
    this.#activity = [];
    this.settings = snapshot.settings;
    const byTime = snapshot.calls.toSorted(
      (left, right) => left.values.LastActionDate - right.values.LastActionDate,
    );
    for (const call of byTime) {
      for (const [name, value] of Object.entries(call.values)) {
        if (customString.test(name)) this.#reindex(call, name, undefined, value ?? null);
      }
      this.#activity.push({ call, sequence: call.activitySequence, atMs: call.values.LastActionDate });
    }
    for (const call of snapshot.calls) this.calls.set(call.ref, call);
    this.#nextCallRef = snapshot.nextCallRef;
    this.#nextAttachmentRef = snapshot.nextAttachmentRef;
  }

  /** Forgets every record; listeners and the clock stay. */
  clear(): void {
    this.calls.clear();
    this.lookups.clear();
    this.accounts.clear();
    this.#byCustomString.clear();
    this.#activity = [];
    this.settings = defaultSettings();
    this.#nextCallRef = 10_000;
    this.#nextAttachmentRef = 1_720;
  }

  #reindex(call: Call, name: string, before: Scalar | undefined, after: Scalar): void {
    let index = this.#byCustomString.get(name);
    if (index === undefined) {
      index = new Map();
      this.#byCustomString.set(name, index);
    }
    if (typeof before === 'string') {
      const calls = index.get(before);
      calls?.delete(call);
      if (calls?.size === 0) index.delete(before);
    }
    if (typeof after === 'string') {
      const calls = index.get(after);
      if (calls === undefined) index.set(after, new Set([call]));
      else calls.add(call);
    }
  }
}
