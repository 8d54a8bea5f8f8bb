import { newRequestTrace, showUnreadable } from '../connectors/request-trace.ts';
import type { LaneRunner } from '../lanes/lane.ts';
import { azureDevOps } from '../store/connections.ts';
import { agree, PartialRun, type Step } from './link-agreement.ts';
import { failedRun, finish } from './link-report.ts';
import { isKnown, type LinkRun } from './link-run.ts';
import { noteSuccess, settleFailure } from './on-failure.ts';
import type { EngineContext } from './ports.ts';

/** `link:<id>`: read both sides, plan, carry out, settle. */
export function linkLane(context: EngineContext): LaneRunner {
  return async (lane) => {
    const startedAt = performance.now();
    const settings = await context.settings.of(lane.tenant);
    const { loaded } = lane;
    if (loaded === undefined || loaded.link.ended_at !== null) {
      return { verdict: 'done', inboxReason: 'The link has ended.' };
    }
    const mapping = settings.mappings.find((row) => row.id === loaded.link.mapping);
    const connection = settings.connections.get(loaded.link.connection);
    if (mapping === undefined || connection === undefined || !mapping.settings.enabled) {
      return { verdict: 'done', inboxReason: 'The mapping of this link is switched off.' };
    }
    let run: LinkRun | undefined;
    const trace = newRequestTrace();
    return context.trace(trace, async () => {
      let reached: Step | undefined;
      try {
        run = {
          context,
          lane,
          link: loaded.link,
          intents: loaded.intents,
          mapping,
          connection,
          systems: {
            workItem: await context.systems.open(lane.tenant, azureDevOps),
            ticket: await context.systems.open(lane.tenant, connection.id),
          },
        };
        if (isKnown(run))
          return { verdict: 'done', inboxReason: 'Already known: this is what Tandem wrote or read itself.' };
        const outcome = await agree(run, (step) => {
          reached = step;
        });
        await noteSuccess(context, lane.tenant, [azureDevOps, connection.id]);
        return finish(run, outcome, startedAt, trace);
      } catch (error) {
        showUnreadable(error);
        const partial = error instanceof PartialRun ? error : undefined;
        const failed = await settleFailure(context, lane, partial?.cause ?? error);
        const so = { step: reached, change: partial?.change };
        return failedRun(
          { context, lane, link: loaded.link, mapping, connection },
          failed,
          so,
          startedAt,
          trace,
        );
      }
    });
  };
}
