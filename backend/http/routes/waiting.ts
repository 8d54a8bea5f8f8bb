import { abandonIntent, findIntent } from '../../store/intents.ts';
import { findLink, type LinkRow } from '../../store/links.ts';
import type { FailureDetails } from '../../sync/failure.ts';
import { ProblemError } from '../problem.ts';
import type { Services } from './services.ts';

const lookAgainMs = 400;

/** Waits until the link's lane has run; gives what is known when it takes longer than `patienceMs`. */
export async function waitForLink(
  services: Services,
  link: LinkRow,
  patienceMs: number,
  signal: AbortSignal,
): Promise<LinkRow> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = services.panelChanges.count(link.tenant);
    const state = await services.engine.store.asTenant(link.tenant, async (sql) => ({
      link: await findLink(sql, String(link.id)),
      lane: await sql.one<{ queued: number; attempts: number; parked: boolean; leased: boolean }>(
        'select queued, attempts, parked, lease_until > clock_timestamp() as leased from lane where key = $1',
        [`link:${link.id}`],
      ),
    }));
    const rested =
      state.lane === undefined ||
      state.lane.queued === 0 ||
      state.lane.parked ||
      (state.lane.attempts > 0 && !state.lane.leased);
    if (rested || performance.now() > deadline || signal.aborted) return state.link ?? link;
    await services.panelChanges.next(link.tenant, seen, lookAgainMs, signal);
  }
}

export interface CreateOutcome {
  /** Absent: it takes longer, and goes on in the background. */
  link?: LinkRow;
}

/**
 * Waits for a create that a person asked for. A refusal is thrown as a problem that names the fields, and the intent is
 * given up, so that the corrected form does not become a second ticket.
 */
export async function waitForCreate(
  services: Services,
  tenant: number,
  intentKey: string,
  patienceMs: number,
  signal: AbortSignal,
): Promise<CreateOutcome> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = services.panelChanges.count(tenant);
    const state = await services.engine.store.asTenant(tenant, async (sql) => {
      const intent = await findIntent(sql, intentKey);
      return {
        intent,
        link: intent?.link == null ? undefined : await findLink(sql, String(intent.link)),
        lane: await sql.one<{ parked: boolean; failure: FailureDetails | null }>(
          'select parked, failure from lane where key = $1',
          [`create:${intentKey}`],
        ),
      };
    });
    if (state.link !== undefined)
      return {
        link: await waitForLink(services, state.link, Math.max(0, deadline - performance.now()), signal),
      };
    if (state.lane?.parked === true) throw await refused(services, tenant, intentKey, state.lane.failure);
    if (performance.now() > deadline || signal.aborted) return {};
    await services.panelChanges.next(tenant, seen, lookAgainMs, signal);
  }
}

async function refused(
  services: Services,
  tenant: number,
  intentKey: string,
  failure: FailureDetails | null,
): Promise<ProblemError> {
  await services.engine.store.asTenant(tenant, async (sql) => {
    const intent = await findIntent(sql, intentKey);
    if (intent?.state !== 'planned') return;
    await abandonIntent(sql, intentKey);
    await sql.rows('update lane set queued = 0, parked = false where key = $1', [`create:${intentKey}`]);
  });
  return new ProblemError('remoteFailed', {
    title: failure?.message,
    failure: failure?.kind,
    needs: failure?.missingRight,
    fields: failure?.fields?.map((field) => ({
      ...field,
      remedy: 'Enter a value that the ticket system takes.',
    })),
  });
}
