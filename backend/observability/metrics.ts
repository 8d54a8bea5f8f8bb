import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** From a store lookup to a remote system that takes its time. */
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Every number that is measured, in one place. Labels come from closed lists in the code: no ids, no tenants, no words
 * of users. The one exception is the gauge of credentials, because "some credential ends" helps nobody: it has a few
 * series per connection, by the numbers of the tenant and the connection, never by their names.
 */
export const createMetrics = () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'tandem_' });
  const registers = [registry];
  return {
    registry,
    httpRequests: new Counter({
      name: 'tandem_http_requests_total',
      help: 'Requests answered, by route of the contract and status.',
      labelNames: ['route', 'status'] as const,
      registers,
    }),
    httpSeconds: new Histogram({
      name: 'tandem_http_request_seconds',
      help: 'Time until a request was answered; waiting for news of a panel is left out.',
      labelNames: ['route'] as const,
      buckets: secondsBuckets,
      registers,
    }),
    hooksReceived: new Counter({
      name: 'tandem_hooks_received_total',
      help: 'Hooks that arrived, by source and answer.',
      labelNames: ['source', 'status'] as const,
      registers,
    }),
    hookSeconds: new Histogram({
      name: 'tandem_hook_accept_seconds',
      help: 'Time until a hook was durable and answered.',
      labelNames: ['source'] as const,
      buckets: secondsBuckets,
      registers,
    }),
    lanesWorked: new Counter({
      name: 'tandem_lanes_worked_total',
      help: 'Attempts of lanes, by kind of lane and outcome.',
      labelNames: ['kind', 'outcome'] as const,
      registers,
    }),
    laneSeconds: new Histogram({
      name: 'tandem_lane_seconds',
      help: 'Time that one attempt of a lane took.',
      labelNames: ['kind'] as const,
      buckets: secondsBuckets,
      registers,
    }),
    lanesDue: new Gauge({
      name: 'tandem_lanes_due',
      help: 'Lanes that wait to be worked on.',
      registers,
    }),
    oldestDueSeconds: new Gauge({
      name: 'tandem_oldest_due_seconds',
      help: 'How long the lane that waits longest has been due.',
      registers,
    }),
    books: new Gauge({
      name: 'tandem_books',
      help: 'Deliveries by where they are; received = handled + duplicate + parked + pending.',
      labelNames: ['place'] as const,
      registers,
    }),
    remoteRequests: new Counter({
      name: 'tandem_remote_requests_total',
      help: 'Requests to other systems, by kind of system, route and outcome.',
      labelNames: ['system', 'route', 'outcome'] as const,
      registers,
    }),
    remoteSeconds: new Histogram({
      name: 'tandem_remote_request_seconds',
      help: 'Time that requests to other systems took.',
      labelNames: ['system', 'route'] as const,
      buckets: secondsBuckets,
      registers,
    }),
    credentialDaysLeft: new Gauge({
      name: 'tandem_credential_days_left',
      help: 'Days until a credential ends, where an admin entered the day; negative afterwards.',
      labelNames: ['tenant', 'connection', 'credential'] as const,
      registers,
    }),
    commands: new Counter({
      name: 'tandem_commands_total',
      help: 'Commands carried out, by side, action and outcome.',
      labelNames: ['side', 'action', 'outcome'] as const,
      registers,
    }),
    gapsFound: new Counter({
      name: 'tandem_gaps_found_total',
      help: 'Changes that a sweep found and no hook had told.',
      registers,
    }),
  };
};

export type Metrics = ReturnType<typeof createMetrics>;

/** A `count` for a transport: `countRemote(metrics, 'alemba')`. */
export const countRemote =
  (metrics: Metrics, system: string) => (route: string, outcome: string, durationMs: number) => {
    metrics.remoteRequests.inc({ system, route, outcome });
    metrics.remoteSeconds.observe({ system, route }, durationMs / 1000);
  };
