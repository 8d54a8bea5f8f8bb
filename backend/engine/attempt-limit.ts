import { withinAttempt } from '../connectors/attempt.ts';
import { retryPolicy } from '../contract/connections.ts';
import type { LaneRunner } from '../lanes/lane.ts';
import type { EngineContext } from './ports.ts';

/** Of a connection that was deleted while its lane waited. */
const usualSeconds = retryPolicy.parse({}).attemptTimeoutSeconds;

/**
 * Ends what takes longer than the lane's connection allows: for links and creates that of the ticket system. Not for
 * sweeps and backfills: they keep each page that they have read, and ended ones would only begin their page again.
 */
export const limitAttempts =
  (context: Pick<EngineContext, 'settings'>, runner: LaneRunner): LaneRunner =>
  async (lane, signal) => {
    const { connections } = await context.settings.of(lane.tenant);
    const seconds = connections.get(lane.connection)?.retry.attemptTimeoutSeconds ?? usualSeconds;
    return withinAttempt(seconds, () => runner(lane, signal));
  };
