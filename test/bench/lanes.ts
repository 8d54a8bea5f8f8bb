import type pg from 'pg';
import { laneQueue } from '../../backend/lanes/queue.ts';
import { openStore } from '../../backend/store/pool.ts';
import type { Figure } from './figures.ts';
import type { Site } from './site.ts';

/** Claims and settles lanes against a backlog, without any work in between: what the queue itself can do. */
export async function lanes(site: Site, connection: pg.ClientConfig, backlog: number): Promise<Figure[]> {
  const { sql } = site;
  // A tenant of its own that the running backend leaves alone while it is off.
  const { rows } = await sql.query<{ tenant: number }>(
    `select register_tenant('bench', 'http://127.0.0.1', null) as tenant`,
  );
  const tenant = rows[0]?.tenant as number;
  await sql.query(`update tenant set enabled = false where tenant = $1`, [tenant]);
  await sql.query(
    `insert into connection (tenant, id, kind, name, retry, budget, hook_id) values ($1, 'bench', 'bench', 'bench', '{}', '{}', 'bench')`,
    [tenant],
  );
  await sql.query(
    `insert into lane (tenant, key, kind, connection, hints, queued) select $1, 'link:' || n, 'link', 'bench', '[{"what":"updated"}]', 1 from generate_series(1, $2) n`,
    [tenant, backlog],
  );
  await sql.query('analyze lane');
  await sql.query(`update tenant set enabled = (tenant = $1)`, [tenant]);
  const store = openStore({ connection, maxConnections: 4 });
  const queue = laneQueue(store);
  const deadline = performance.now() + 5000;
  let done = 0;
  const startedAt = performance.now();
  const work = async () => {
    while (performance.now() < deadline) {
      const claimed = await queue.claim(16, 30);
      // None: the other one was about to take the same lanes. To end here measured a few tenths of a second only.
      if (claimed.length === 0 && done + 32 >= backlog) return;
      await Promise.all(claimed.map((lane) => queue.settle(lane, { verdict: 'done' })));
      done += claimed.length;
    }
  };
  await Promise.all([work(), work()]);
  const seconds = (performance.now() - startedAt) / 1000;
  await sql.query('delete from lane where tenant = $1', [tenant]);
  await sql.query(`update tenant set enabled = (tenant <> $1)`, [tenant]);
  await store.close();
  return [
    {
      name: `lanes claimed and settled, backlog ${backlog}`,
      value: done / seconds,
      unit: '/s',
      target: { atLeast: 2000 },
    },
  ];
}
