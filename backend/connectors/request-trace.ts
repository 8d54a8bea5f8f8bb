import { AsyncLocalStorage } from 'node:async_hooks';
import type { FailureKind } from '../sync/failure.ts';

/** One request to a remote system, as the record of an attempt shows it. */
export interface TracedRequest {
  route: string;
  status?: number;
  durationMs: number;
  failure?: FailureKind;
}

export interface RequestTrace {
  requests: TracedRequest[];
  /** Requests beyond the limit; counted, not kept. */
  omitted: number;
}

/** An attempt of a lane needs a handful; what reads whole lists must not fill the attempt's row. */
const maxTracedRequests = 200;

const storage = new AsyncLocalStorage<RequestTrace>();

export const newRequestTrace = (): RequestTrace => ({ requests: [], omitted: 0 });

/** `run(trace, work)`: every request that any transport sends within `work` is added to `trace`. */
export const requestTrace = {
  run: <T>(trace: RequestTrace, work: () => T): T => storage.run(trace, work),
  add(request: TracedRequest) {
    const trace = storage.getStore();
    if (!trace) return;
    if (trace.requests.length < maxTracedRequests) trace.requests.push(request);
    else trace.omitted += 1;
  },
};
