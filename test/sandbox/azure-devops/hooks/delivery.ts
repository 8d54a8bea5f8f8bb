import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import type { Simulator, WorkItemEvent } from '../simulator.ts';
import { passes } from './filters.ts';
import { renderPayload } from './payload.ts';
import type { Notification, Subscription } from './subscriptions.ts';

/** 408, 502, 503, 504: eight more tries within about three minutes (Microsoft: service-hooks/troubleshoot). */
const transientStatuses = [408, 502, 503, 504];
const transientDelaysS = [1, 2, 4, 8, 16, 32, 60, 60];
/** Everything else puts the subscription on probation: 20 min, doubling, 15 h at the end; 36 h in all. */
const probationDelaysMin = [20, 40, 80, 160, 320, 640, 900];
const keptNotifications = 1000;
const responseTimeoutMs = 100_000;

/** Mishaps on the way, for tests and the chaos run. Probabilities from 0 to 1. */
export interface HookMishaps {
  loseProbability: number;
  loseNext: number;
  duplicateProbability: number;
  duplicateNext: number;
  /** Every delivery waits so long (plus up to `jitterMs`) on the clock. */
  delayMs: number;
  jitterMs: number;
  /** Holds that many deliveries back and sends them in reverse; 0 sends at once. */
  reorderWindow: number;
  /** Nothing leaves until switched off again; then all of it does. */
  isPaused: boolean;
}

const noMishaps: HookMishaps = {
  loseProbability: 0,
  loseNext: 0,
  duplicateProbability: 0,
  duplicateNext: 0,
  delayMs: 0,
  jitterMs: 0,
  reorderWindow: 0,
  isPaused: false,
};

type Verdict = { kind: 'succeeded' } | { kind: 'gone' | 'transient' | 'enduring'; message: string };

export class HookDispatcher {
  readonly subscriptions = new Map<string, Subscription>();
  mishaps: HookMishaps = { ...noMishaps };
  counts = { fired: 0, delivered: 0, failed: 0, lost: 0, dropped: 0 };
  #inFlight = new Set<Promise<void>>();
  #held: (() => void)[] = [];
  #epoch = 0;
  readonly #simulator: Simulator;
  // Keep-alive matters: with a connection per delivery a burst of hundreds would measure the handshakes.
  readonly #agent = new Agent({
    connections: 32,
    keepAliveTimeout: 30_000,
    bodyTimeout: responseTimeoutMs,
    headersTimeout: responseTimeoutMs,
  });

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  publish(event: WorkItemEvent): void {
    for (const subscription of this.subscriptions.values()) {
      if (!passes(this.#simulator, subscription, event)) continue;
      if (subscription.status !== 'enabled') {
        if (subscription.status === 'onProbation' || subscription.status === 'disabledBySystem') {
          subscription.droppedEvents += 1;
          this.counts.dropped += 1;
        }
        continue;
      }
      this.counts.fired += 1;
      this.#send(subscription, this.#queue(subscription, event, false));
    }
  }

  /** One try, no retries; answers when it is over. */
  async test(subscription: Subscription, event: WorkItemEvent): Promise<Notification> {
    const notification = this.#queue(subscription, event, true);
    await this.#attempt(subscription, notification);
    return notification;
  }

  setMishaps(change: Partial<HookMishaps>): void {
    this.mishaps = { ...this.mishaps, ...change };
    if (!this.mishaps.isPaused && this.mishaps.reorderWindow === 0) this.#release(false);
  }

  /** Waits until no delivery is on its way; retries that wait for the clock do not count. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  reset(): void {
    this.#epoch += 1;
    this.subscriptions.clear();
    this.mishaps = { ...noMishaps };
    this.counts = { fired: 0, delivered: 0, failed: 0, lost: 0, dropped: 0 };
    this.#held = [];
  }

  async close(): Promise<void> {
    this.reset();
    await this.#agent.destroy();
  }

  #queue(subscription: Subscription, event: WorkItemEvent, isTest: boolean): Notification {
    const at = this.#simulator.clock.iso();
    const notification: Notification = {
      id: subscription.nextNotificationId++,
      eventId: randomUUID(),
      event,
      isTest,
      status: 'queued',
      result: 'pending',
      createdDate: at,
      modifiedDate: at,
      attempts: 0,
      transientTries: 0,
      probationTries: 0,
      request: '',
      response: '',
      errorMessage: '',
      requestDurationS: 0,
    };
    subscription.notifications.push(notification);
    if (subscription.notifications.length > keptNotifications * 1.2)
      subscription.notifications = subscription.notifications.slice(-keptNotifications);
    return notification;
  }

  #send(subscription: Subscription, notification: Notification): void {
    const { mishaps } = this;
    const { random } = this.#simulator;
    const isLost =
      mishaps.loseNext > 0 || (mishaps.loseProbability > 0 && random() < mishaps.loseProbability);
    if (mishaps.loseNext > 0) mishaps.loseNext -= 1;
    if (isLost) {
      this.counts.lost += 1;
      notification.status = 'completed';
      notification.result = 'filtered';
      return;
    }
    const isDouble =
      mishaps.duplicateNext > 0 ||
      (mishaps.duplicateProbability > 0 && random() < mishaps.duplicateProbability);
    if (mishaps.duplicateNext > 0) mishaps.duplicateNext -= 1;
    for (let copy = 0; copy < (isDouble ? 2 : 1); copy += 1)
      this.#depart(() => this.#start(subscription, notification));
  }

  #depart(start: () => void): void {
    const { mishaps } = this;
    if (mishaps.isPaused || mishaps.reorderWindow > 0) {
      this.#held.push(start);
      if (!mishaps.isPaused && this.#held.length >= mishaps.reorderWindow) this.#release(true);
      return;
    }
    const delayMs =
      mishaps.delayMs + (mishaps.jitterMs > 0 ? this.#simulator.random() * mishaps.jitterMs : 0);
    if (delayMs > 0) this.#simulator.clock.schedule(this.#simulator.clock.nowMs() + delayMs, start);
    else start();
  }

  #release(reversed: boolean): void {
    const held = this.#held.splice(0);
    for (const start of reversed ? held.reverse() : held) start();
  }

  #start(subscription: Subscription, notification: Notification): void {
    void this.#track(this.#attempt(subscription, notification));
  }

  async #track(work: Promise<void>): Promise<void> {
    this.#inFlight.add(work);
    try {
      await work;
    } finally {
      this.#inFlight.delete(work);
    }
  }

  async #attempt(subscription: Subscription, notification: Notification): Promise<void> {
    const epoch = this.#epoch;
    notification.status = 'requestInProgress';
    notification.attempts += 1;
    const startMs = performance.now();
    const verdict = await this.#post(subscription, notification);
    if (epoch !== this.#epoch) return;
    notification.requestDurationS = (performance.now() - startMs) / 1000;
    notification.modifiedDate = this.#simulator.clock.iso();
    // The subscription may have been replaced while the request was on its way.
    const current = this.subscriptions.get(subscription.id) ?? subscription;
    if (verdict.kind === 'succeeded') this.#succeed(current, notification);
    else this.#fail(current, notification, verdict.kind, verdict.message);
  }

  async #post(subscription: Subscription, notification: Notification): Promise<Verdict> {
    const inputs = subscription.consumerInputs;
    try {
      const body = renderPayload(this.#simulator, subscription, notification);
      notification.request = `POST ${inputs.url}`;
      const url = new URL(inputs.url ?? '');
      const answer = await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers: requestHeaders(subscription),
        body,
      });
      const text = await answer.body.text();
      notification.response = `${answer.statusCode} ${text.slice(0, 500)}`;
      const message = `${answer.statusCode}`;
      if (answer.statusCode >= 200 && answer.statusCode < 300) return { kind: 'succeeded' };
      if (answer.statusCode === 410) return { kind: 'gone', message };
      return { kind: transientStatuses.includes(answer.statusCode) ? 'transient' : 'enduring', message };
    } catch (error) {
      // Not documented for connections that fail: counted as transient, like the gateway's 502 to 504.
      const message = error instanceof Error ? error.message : String(error);
      notification.response = '';
      return { kind: 'transient', message };
    }
  }

  #succeed(subscription: Subscription, notification: Notification): void {
    notification.status = 'completed';
    notification.result = 'succeeded';
    notification.errorMessage = '';
    this.counts.delivered += 1;
    subscription.lastSuccessfulAttemptDate = notification.modifiedDate;
    if (subscription.status === 'onProbation') {
      subscription.status = 'enabled';
      subscription.probationRetries = 0;
    }
  }

  #fail(
    subscription: Subscription,
    notification: Notification,
    kind: 'gone' | 'transient' | 'enduring',
    message: string,
  ): void {
    this.counts.failed += 1;
    notification.errorMessage = message;
    const waitMs = this.#nextTryMs(subscription, notification, kind);
    if (waitMs === undefined) this.#giveUp(notification);
    else this.#retryLater(subscription, notification, waitMs);
  }

  /** Moves the subscription to its next state; undefined when this notification is over. */
  #nextTryMs(
    subscription: Subscription,
    notification: Notification,
    kind: 'gone' | 'transient' | 'enduring',
  ): number | undefined {
    const isActive = subscription.status === 'enabled' || subscription.status === 'onProbation';
    if (notification.isTest || !isActive) return undefined;
    if (kind === 'gone') {
      subscription.status = 'disabledBySystem';
      return undefined;
    }
    const transientS = transientDelaysS[notification.transientTries];
    if (kind === 'transient' && notification.probationTries === 0 && transientS !== undefined) {
      notification.transientTries += 1;
      return transientS * 1000;
    }
    // One notification carries the probation; others that fail meanwhile are over.
    if (subscription.status === 'onProbation' && notification.probationTries === 0) return undefined;
    const delayMin = probationDelaysMin[notification.probationTries];
    if (delayMin === undefined) {
      subscription.status = 'disabledBySystem';
      return undefined;
    }
    subscription.status = 'onProbation';
    notification.probationTries += 1;
    return delayMin * 60_000;
  }

  #giveUp(notification: Notification): void {
    notification.status = 'completed';
    notification.result = 'failed';
  }

  #retryLater(subscription: Subscription, notification: Notification, waitMs: number): void {
    notification.status = 'queuedForRetry';
    const epoch = this.#epoch;
    this.#simulator.clock.schedule(this.#simulator.clock.nowMs() + waitMs, async () => {
      const current = this.subscriptions.get(subscription.id);
      if (
        epoch !== this.#epoch ||
        current === undefined ||
        !['enabled', 'onProbation'].includes(current.status)
      ) {
        this.#giveUp(notification);
        return;
      }
      if (notification.probationTries > 0) {
        current.probationRetries += 1;
        current.lastProbationRetryDate = this.#simulator.clock.iso();
      }
      await this.#track(this.#attempt(current, notification));
    });
  }
}

function requestHeaders(subscription: Subscription): Record<string, string> {
  const inputs = subscription.consumerInputs;
  const headers: Record<string, string> = {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'VSServices/19.277.36405.3 (w3wp.exe)',
    'x-vss-activityid': randomUUID(),
    'x-vss-subscriptionid': subscription.id,
    'request-context': 'appId=cid-v1:sandbox',
  };
  for (const line of (inputs.httpHeaders ?? '').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  if (inputs.basicAuthUsername || inputs.basicAuthPassword) {
    const pair = `${inputs.basicAuthUsername ?? ''}:${inputs.basicAuthPassword ?? ''}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  return headers;
}
