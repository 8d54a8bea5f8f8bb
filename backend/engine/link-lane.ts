import { newRequestTrace, showUnreadable } from '../connectors/request-trace.ts';
import type { LaneRunner } from '../lanes/lane.ts';
import { batcher } from '../store/batcher.ts';
import { azureDevOps } from '../store/connections.ts';
import { type LoadedLink, loadLinks } from '../store/links.ts';
import type { MappingRow } from '../store/mappings.ts';
import { agree, PartialRun, type Step } from './link-agreement.ts';
import { failedRun, finish } from './link-report.ts';
import { isKnown, type LinkRun } from './link-run.ts';
import { noteSuccess, settleFailure } from './on-failure.ts';
import type { EngineContext } from './ports.ts';

/** `link:<id>`: read both sides, plan, carry out, settle. */
export function linkLane(context: EngineContext): LaneRunner {
  const load = batcher<{ tenant: number; id: string }, LoadedLink | undefined>(
    (wanted) => loadLinks(context.store, wanted),
    { maxItems: 100 },
  );
  return async (lane) => {
    const startedAt = performance.now();
    const settings = await context.settings.of(lane.tenant);
    const loaded = await load({ tenant: lane.tenant, id: lane.link as string });
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
        await askOtherMappings(run, settings.mappings);
        return finish(run, outcome, startedAt, trace);
      } catch (error) {
        showUnreadable(error);
        const partial = error instanceof PartialRun ? error : undefined;
        const failed = await settleFailure(context, lane, partial?.cause ?? error, connection);
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

/** Another mapping may want a counterpart of its own for the same record; its trigger is asked in a lane of its own. */
async function askOtherMappings(run: LinkRun, mappings: readonly MappingRow[]): Promise<void> {
  const { context, lane, link } = run;
  const entries = (['workItem', 'ticket'] as const).flatMap((side) => {
    const trigger = side === 'workItem' ? 'createTicket' : 'createWorkItem';
    const others = mappings.filter(
      (row) =>
        row.id !== link.mapping &&
        row.settings.enabled &&
        row.settings[trigger].mode === 'automatic' &&
        (side === 'workItem' || row.connection === link.connection),
    );
    const hints = lane.hints
      .filter((hint) => hint.side === side)
      .map((hint) => ({ ...hint, cause: 'follow-up' as const }));
    if (others.length === 0 || hints.length === 0) return [];
    const connection = side === 'workItem' ? azureDevOps : link.connection;
    const recordId = side === 'workItem' ? link.work_item_id : link.ticket_id;
    const key = `record:${side}:${connection}:${recordId}`;
    return [{ tenant: lane.tenant, key, kind: 'record', connection, hints, facts: { side, recordId } }];
  });
  if (entries.length > 0) await context.queue.enqueue(entries);
}
