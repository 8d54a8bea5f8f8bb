import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { connectionUrl, type EmbeddedStore, openEmbedded } from '../../backend/store/embedded/index.ts';
import { type Joined, joinSystems, type Rig, startRig, until } from '../support/rig.ts';

/** The whole product on one machine, with a store of its own (fsync on) that the bench can look into. */
export interface Site {
  rig: Rig;
  joined: Joined;
  databaseUrl: string;
  sql: pg.Client;
  /** Work item ids and call refs that are linked, in order. */
  pairs: { workItemId: number; callRef: number }[];
  close(): Promise<void>;
}

export async function openSite(
  options: { latencyMs?: number; env?: Record<string, string> } = {},
): Promise<Site> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tandem-bench-'));
  const store: EmbeddedStore = await openEmbedded({ dataDir });
  const databaseUrl = connectionUrl(store.connection);
  const rig = await startRig({
    databaseUrl,
    latencyMs: options.latencyMs,
    // They keep all that they saw: with room for it they take 8 % less of the cores that they share with what is measured.
    simulatorArgs: '--max-semi-space-size=64 --min-semi-space-size=32',
    // They stand for machines elsewhere. Where the two cores are full they wait rather than what is measured: at 400
    // changes a second its main thread waited 7 of 25 s for a core, now 5, and carries over 397 instead of 390.
    simulatorPriority: constants.priority.PRIORITY_BELOW_NORMAL,
    env: { LOG_LEVEL: 'info', SWEEP_EVERY_MS: '60000', ...options.env },
  });
  const sql = new pg.Client(databaseUrl);
  await sql.connect();
  const joined = await joinSystems(rig, (settings) => ({
    ...settings,
    // What is measured is the upkeep of links, so nothing is created by itself.
    createTicket: { ...settings.createTicket, mode: 'manual' },
    createWorkItem: { ...settings.createWorkItem, mode: 'never' },
  }));
  await sql.query(
    `update connection set budget = '{"requestsPerSecond": 100000, "concurrent": 16}', updated_at = now()`,
  );
  await sql.query(`select pg_notify('settings', '')`);
  return {
    rig,
    databaseUrl,
    joined,
    sql,
    pairs: [],
    async close() {
      await rig.close();
      await sql.end();
      await store.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Creates `count` work items and calls, links them and waits for the first agreement. Returns links a second. */
export async function addPairs(site: Site, count: number): Promise<number> {
  const { rig, sql, joined } = site;
  const added: { workItemId: number; callRef: number }[] = [];
  await inParallel(count, 32, async (index) => {
    const number = site.pairs.length + index;
    const [workItem, call] = await Promise.all([
      rig.control<{ id: number }>('azure', 'POST', '/act', {
        do: 'create',
        as: 'service',
        type: 'Bug',
        fields: { 'System.Title': `Pair ${number}` },
      }),
      rig.control<{ Ref: number }>('alemba', 'POST', '/calls', {
        Subject: `Pair ${number}`,
      }),
    ]);
    added[index] = { workItemId: workItem.id, callRef: call.Ref };
  });
  const startedAt = performance.now();
  await sql.query(
    `with pair as (select * from jsonb_to_recordset($1) as p("workItemId" text, "callRef" text)),
     made as (
       insert into link (tenant, mapping, connection, project, work_item_id, ticket_id, ticket_key, ticket_url, origin, responded)
       select 1, $2, $3, 'Fabrikam', "workItemId", "callRef", "callRef", 'http://127.0.0.1/' || "callRef", 'linked', true from pair returning id)
     select enqueue_lanes(jsonb_agg(jsonb_build_object('tenant', 1, 'key', 'link:' || id, 'kind', 'link', 'connection', $3::text, 'link', id,
       'hints', '[{"what":"unknown"}]'::jsonb))), pg_notify('lane', '') from made`,
    [JSON.stringify(added), joined.mappingId, joined.connectionId],
  );
  await drained(site, 180_000);
  const seconds = (performance.now() - startedAt) / 1000;
  site.pairs.push(...added);
  return count / seconds;
}

/** Waits until every hook that Azure DevOps fired has come in and no lane of a link has anything left to do. */
export const drained = (site: Site, timeoutMs: number): Promise<boolean> =>
  until(
    'all lanes are idle',
    async () => {
      const { counts } = await site.rig.control<{ counts: { fired: number; delivered: number } }>(
        'azure',
        'GET',
        '/hooks',
      );
      if (counts.delivered < counts.fired) return undefined;
      const { rows } = await site.sql.query<{ busy: number; parked: number }>(
        `select count(*) filter (where not parked)::int as busy, count(*) filter (where parked)::int as parked
         from lane where queued > 0 and kind in ('link', 'record', 'create')`,
      );
      if ((rows[0]?.parked ?? 0) > 0)
        throw new Error(`${rows[0]?.parked} lanes are parked: ${await reasons(site)}`);
      return rows[0]?.busy === 0 ? true : undefined;
    },
    timeoutMs,
  );

const reasons = async (site: Site): Promise<string> => {
  const { rows } = await site.sql.query(
    `select distinct failure->>'message' as reason from lane where parked limit 5`,
  );
  return rows.map((row) => row.reason).join('; ');
};

export async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

/** Starts `count` pieces of work at an even pace, whether or not earlier ones have ended (open loop). */
export async function atRate(
  perSecond: number,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now();
  const running: Promise<void>[] = [];
  for (let index = 0; index < count; index += 1) {
    const dueMs = startedAt + (index * 1000) / perSecond - performance.now();
    if (dueMs > 1) await new Promise((resolve) => setTimeout(resolve, dueMs));
    running.push(work(index));
  }
  await Promise.all(running);
}

/** Watches the resident memory of a process, in MB. */
export function watchMemory(pid: number): { stop(): { peakMb: number; lastMb: number } } {
  let peakMb = 0;
  let lastMb = 0;
  const look = async () => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    lastMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    peakMb = Math.max(peakMb, lastMb);
  };
  const timer = setInterval(look, 200);
  void look();
  return {
    stop() {
      clearInterval(timer);
      return { peakMb, lastMb };
    },
  };
}

/** User and system time that a process has used (proc(5): fields 14 and 15, in hundredths of a second on Linux). */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
