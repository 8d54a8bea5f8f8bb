import { isFailure } from '../../sync/failure.ts';
import type { StatusCategory } from '../../sync/record.ts';
import type { ConnectorContext } from '../connector.ts';
import type { AlembaClient, Row } from './client.ts';
import { createLastGood } from './last-good.ts';
import type { AlembaSettings, StatusAction } from './settings.ts';

export interface CallStatus {
  id: string;
  name: string;
  category: StatusCategory;
  /** The call counts as closed: reached by `close`, left by `reopen`. */
  closed: boolean;
  /** How a call gets into this status. */
  action: StatusAction;
}

export interface StatusTable {
  list(): Promise<readonly CallStatus[]>;
  /** A status that was added a moment ago is found, too; one that nobody knows has the category `unknown`. */
  find(id: string, name?: string): Promise<CallStatus>;
}

const ttlMs = 10 * 60_000;
const maxStatuses = 1000;

/** By the words of the state first: they are the vendor's, the status titles are each customer's. */
const stateRules: readonly [RegExp, StatusCategory | 'open'][] = [
  [/closed/i, 'completed'],
  [/(?<!un)resolved/i, 'resolved'],
  [/open|unresolved/i, 'open'],
];

const nameRules: readonly [RegExp, StatusCategory][] = [
  [/cancel|reject|withdrawn|duplicate|declined|void/i, 'removed'],
  [/unresolved/i, 'inProgress'],
  [/resolv|fixed|solved/i, 'resolved'],
  [/clos|complet|\bdone\b|finished/i, 'completed'],
  [/\bnew\b|logged|registered|submitted|unassigned|^open$|proposed/i, 'proposed'],
  [/progress|pending|hold|wait|assigned|work|active|investigat|deferred|open/i, 'inProgress'],
];

const byName = (name: string): StatusCategory =>
  nameRules.find(([pattern]) => pattern.test(name))?.[1] ?? 'unknown';

/** What a status amounts to, from the name of its state (absent when not known) and its own name. */
export function guessCategory(name: string, state: string | undefined): StatusCategory {
  const fromState =
    state === undefined ? undefined : stateRules.find(([pattern]) => pattern.test(state))?.[1];
  const fromName = byName(name);
  if (fromState === undefined) return fromName;
  if (fromState === 'completed') return fromName === 'removed' ? 'removed' : 'completed';
  if (fromState === 'resolved') return 'resolved';
  // Open: "Resolved" as a title of an open status still says what people mean by it.
  if (fromName === 'completed' || fromName === 'removed' || fromName === 'unknown') return 'inProgress';
  return fromName;
}

export function readStatus(row: Row, settings: AlembaSettings): CallStatus {
  const id = String(row.Ref);
  const name = typeof row.Name === 'string' ? row.Name : id;
  const state = typeof row.StateName === 'string' ? row.StateName : undefined;
  const own = settings.statusCategories;
  const category = own.get(id) ?? own.get(name.toLowerCase()) ?? guessCategory(name, state);
  const closed =
    state === undefined ? category === 'completed' || category === 'removed' : /closed/i.test(state);
  return {
    id,
    name,
    category,
    closed,
    action: settings.statusActions.get(id) ?? (closed ? 'close' : 'field'),
  };
}

export function createStatusTable(
  context: ConnectorContext,
  client: AlembaClient,
  settings: AlembaSettings,
): StatusTable {
  const load = async (): Promise<ReadonlyMap<string, CallStatus>> => {
    const list = (select: string) =>
      client.search('status.list', '/call-status', { $select: select, $top: maxStatuses });
    const rows = await list(
      settings.stateField === '' ? 'Ref,Name' : `Ref,Name,StateName:${settings.stateField}`,
    )
      // The path to the state is not documented; without it the names have to do.
      .catch((error: unknown) => {
        if (!isFailure(error) || error.kind !== 'rejected') throw error;
        context.log('alemba.state_unknown', { path: settings.stateField });
        return list('Ref,Name');
      });
    return new Map(rows.map((row) => [String(row.Ref), readStatus(row, settings)]));
  };
  const table = createLastGood({
    load,
    ttlMs,
    now: context.now,
    failed: (error) => context.log('alemba.statuses_kept', { reason: (error as Error).message }),
  });
  return {
    list: async () => [...(await table.get()).values()],
    async find(id, name) {
      const known = (await table.get()).get(id);
      if (known !== undefined) return known;
      table.expire();
      const found = (await table.get()).get(id);
      return found ?? { id, name: name ?? id, category: 'unknown', closed: false, action: 'field' };
    },
  };
}
