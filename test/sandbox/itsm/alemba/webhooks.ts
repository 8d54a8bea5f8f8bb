import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { toWebhookDate } from './clock.ts';
import { badRequest } from './errors.ts';
import type { Actor, Attachment, CallChange, Trigger } from './model.ts';
import { compileFilter, type Predicate } from './query/filter.ts';
import { parseFilter } from './query/parser.ts';
import { compileSelect, type Projection } from './query/select.ts';
import { callEntity } from './schema.ts';
import type { AlembaStore } from './store.ts';
import { readRegistration, type WebhookRegistration } from './webhook-registration.ts';

/** How deliveries go wrong; all shares are 0 to 1. */
export interface HookFaults {
  lose: number;
  double: number;
  /** Share of deliveries that are held back by up to 200 ms, so that later ones overtake them. */
  reorder: number;
  delayMs: number;
}

export interface Delivery {
  at: string;
  webhook: number;
  action: Trigger;
  call: number;
  /** `null` when it was lost on purpose or nobody answered. */
  status: number | null;
  outcome: 'delivered' | 'lost' | 'failed';
}

interface Registered {
  registration: WebhookRegistration;
  matches: Predicate | undefined;
  project: Projection;
}

const share = (value: unknown, name: string): number => {
  const number = value === true ? 1 : value === false ? 0 : value;
  if (typeof number !== 'number' || !(number >= 0 && number <= 1)) throw badRequest(`${name} must be 0 to 1`);
  return number;
};

/** Sends one POST per change and registration, at most once: what fails is not sent again. */
export class Webhooks {
  faults: HookFaults = { lose: 0, double: 0, reorder: 0, delayMs: 0 };
  readonly #store: AlembaStore;
  readonly #random: () => number;
  #registered = new Map<number, Registered>();
  #nextRef = 1;
  #deliveries: Delivery[] = [];
  #counts = { delivered: 0, lost: 0, failed: 0 };
  #timers = new Set<NodeJS.Timeout>();
  /** Connections are kept: a new one costs more than the request. */
  readonly #agent = new Agent({ connections: 16, keepAliveTimeout: 30_000, pipelining: 1 });
  /** Sees every change, whatever its partition. */
  readonly #observer: Actor = {
    person: 0,
    name: 'Webhooks',
    session: 'webhooks',
    kind: 'Analyst',
    partitions: null,
  };

  constructor(store: AlembaStore, random: () => number = Math.random) {
    this.#store = store;
    this.#random = random;
    store.onChange((change) => this.#deliver(change));
  }

  list(): WebhookRegistration[] {
    return [...this.#registered.values()].map(({ registration }) => ({
      ...registration,
      Secret: registration.Secret === null ? null : '********',
    }));
  }

  /** @throws AlembaError 400 for an address, a selection or a filter that cannot work. */
  register(body: Record<string, unknown>): WebhookRegistration {
    const ref = this.#nextRef;
    this.#put(readRegistration(body, ref));
    this.#nextRef += 1;
    return this.#registered.get(ref)?.registration as WebhookRegistration;
  }

  update(ref: number, body: Record<string, unknown>): WebhookRegistration | undefined {
    const known = this.#registered.get(ref)?.registration;
    if (known === undefined) return undefined;
    const merged = readRegistration({ ...known, ...body }, ref);
    this.#put(merged);
    return merged;
  }

  /** With their secrets, which `list` hides. */
  snapshot(): WebhookRegistration[] {
    return [...this.#registered.values()].map(({ registration }) => registration);
  }

  restore(registrations: readonly WebhookRegistration[]): void {
    for (const registration of registrations) {
      this.#put(registration);
      this.#nextRef = Math.max(this.#nextRef, registration.Ref + 1);
    }
  }

  remove(ref: number): boolean {
    return this.#registered.delete(ref);
  }

  setFaults(change: Record<string, unknown>): HookFaults {
    const delayMs = change.delayMs ?? this.faults.delayMs;
    if (typeof delayMs !== 'number' || !(delayMs >= 0)) throw badRequest('delayMs must not be negative');
    this.faults = {
      lose: share(change.lose ?? this.faults.lose, 'lose'),
      double: share(change.double ?? this.faults.double, 'double'),
      reorder: share(change.reorder ?? this.faults.reorder, 'reorder'),
      delayMs,
    };
    return this.faults;
  }

  /** The newest thousand, oldest first. */
  deliveries(): readonly Delivery[] {
    return this.#deliveries;
  }

  counts(): Readonly<Record<Delivery['outcome'], number>> {
    return this.#counts;
  }

  clear(): void {
    this.#registered.clear();
    this.#deliveries = [];
    this.#counts = { delivered: 0, lost: 0, failed: 0 };
    this.faults = { lose: 0, double: 0, reorder: 0, delayMs: 0 };
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  async close(): Promise<void> {
    this.clear();
    await this.#agent.destroy();
  }

  #put(registration: WebhookRegistration): void {
    const scope = { entity: callEntity };
    const { serverOffsetMinutes } = this.#store.settings;
    this.#registered.set(registration.Ref, {
      registration,
      matches:
        registration.PayloadFilter === ''
          ? undefined
          : compileFilter(parseFilter(registration.PayloadFilter), scope, serverOffsetMinutes),
      project: compileSelect(registration.PayloadSelect, scope, toWebhookDate),
    });
  }

  #deliver(change: CallChange): void {
    if (this.#registered.size === 0) return;
    const context = { store: this.#store, actor: this.#observer };
    for (const { registration, matches, project } of this.#registered.values()) {
      if (!registration.Active || registration.EntityType !== 'Call') continue;
      if (registration.Triggers.length > 0 && !registration.Triggers.includes(change.trigger)) continue;
      if (matches !== undefined && !matches(change.call.values, context)) continue;
      // The body is made now, so that it shows the call as it was at this change.
      const body = JSON.stringify({
        Action: change.trigger,
        Call: project(change.call.values, context),
        ...attachmentsOf(registration, change),
        ActionHistoryId: change.historyOrder,
        ...(registration.SecretLocation === 'body' &&
          registration.Secret !== null && { Secret: registration.Secret }),
      });
      this.#dispatch(registration, change, body);
    }
  }

  #dispatch(registration: WebhookRegistration, change: CallChange, body: string): void {
    const { lose, double, reorder, delayMs } = this.faults;
    const copies = this.#random() < double ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (lose > 0 && this.#random() < lose) {
        this.#note(registration, change, null, 'lost');
        continue;
      }
      const heldMs = reorder > 0 && this.#random() < reorder ? 20 + this.#random() * 180 : 0;
      const waitMs = delayMs + heldMs;
      if (waitMs === 0) {
        setImmediate(() => void this.#send(registration, change, body));
        continue;
      }
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        void this.#send(registration, change, body);
      }, waitMs);
      this.#timers.add(timer);
    }
  }

  async #send(registration: WebhookRegistration, change: CallChange, body: string): Promise<void> {
    try {
      const answer = await request(registration.PayloadUrl, {
        method: 'POST',
        dispatcher: this.#agent,
        headersTimeout: 30_000,
        bodyTimeout: 30_000,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          ...(registration.SecretLocation === 'header' &&
            registration.Secret !== null && { 'x-alemba-secret': registration.Secret }),
        },
        body,
      });
      await answer.body.dump();
      const delivered = answer.statusCode >= 200 && answer.statusCode < 300;
      this.#note(registration, change, answer.statusCode, delivered ? 'delivered' : 'failed');
    } catch {
      // At most once: a receiver that is away loses the event, and the list of deliveries says so.
      this.#note(registration, change, null, 'failed');
    }
  }

  #note(
    registration: WebhookRegistration,
    change: CallChange,
    status: number | null,
    outcome: Delivery['outcome'],
  ): void {
    this.#counts[outcome] += 1;
    this.#deliveries.push({
      at: this.#store.clock.nowIso(),
      webhook: registration.Ref,
      action: change.trigger,
      call: change.call.ref,
      status,
      outcome,
    });
    if (this.#deliveries.length > 1_200) this.#deliveries = this.#deliveries.slice(-1_000);
  }
}

function attachmentsOf(registration: WebhookRegistration, change: CallChange): { Attachments?: unknown[] } {
  const limits = registration.Attachments;
  if (limits === null || change.trigger === 'AttachmentRemoved' || change.attachments.length === 0) return {};
  const pattern = new RegExp(limits.NameRegex);
  const fits = (attachment: Attachment) =>
    pattern.test(attachment.row.Name) && attachment.row.FileSize <= limits.MaxKilobytes * 1024;
  return {
    Attachments: change.attachments
      .filter(fits)
      .slice(0, limits.MaxCount)
      .map(({ row, path }) => ({
        Ref: row.Ref,
        Name: row.Name,
        FileSize: row.FileSize,
        ContentType: row.ContentType,
        Data: readFileSync(path).toString('base64'),
      })),
  };
}
