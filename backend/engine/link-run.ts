import type { RecordSystem } from '../connectors/connector.ts';
import type { ClaimedLane } from '../lanes/lane.ts';
import type { ConnectionRow } from '../store/connections.ts';
import type { IntentRow } from '../store/intents.ts';
import type { LinkRow } from '../store/links.ts';
import type { MappingRow } from '../store/mappings.ts';
import type { Side } from '../sync/record.ts';
import type { EngineContext } from './ports.ts';

/** Everything one run of a link's lane works with. */
export interface LinkRun {
  context: EngineContext;
  lane: ClaimedLane;
  link: LinkRow;
  intents: readonly IntentRow[];
  mapping: MappingRow;
  connection: ConnectionRow;
  systems: Readonly<Record<Side, RecordSystem>>;
}

/** Deleting and restoring need not move the revision. */
const atRest: ReadonlySet<string> = new Set(['inAgreement', 'conflict', 'missing', 'resting']);
const alwaysNews: ReadonlySet<string> = new Set(['unknown', 'deleted', 'restored']);

/** Every hint speaks of a revision that the base already includes: the echo of our own write, or an old delivery. */
export function isKnown(run: LinkRun): boolean {
  const { base } = run.link;
  if (base === null || run.lane.hints.length === 0 || !run.link.responded) return false;
  // The last run failed: what it had read and could not carry over still waits.
  if (!atRest.has(run.link.condition) || run.lane.attempts > 1) return false;
  return run.lane.hints.every((hint) => {
    if (hint.side === undefined || hint.revision === undefined || alwaysNews.has(hint.what)) return false;
    const known = base[hint.side];
    return known.missing !== true && run.systems[hint.side].isKnownRevision(hint.revision, known.revision);
  });
}
