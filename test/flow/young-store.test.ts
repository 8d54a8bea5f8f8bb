import pg from 'pg';
import { migrated } from '../support/migrate-apart.ts';
import { openTestStore, type TestStore } from '../support/postgres.ts';

const links = 2000;

/**
 * A session keeps the plans that it made while the store was empty, and there are no statistics before the first
 * analysis. What such a session reads must not grow with the store all the same.
 */
describe('a session as old as the store', () => {
  let store: TestStore;
  let session: pg.Client;

  beforeAll(async () => {
    store = await openTestStore();
    const url = await store.createDatabase(migrated);
    session = new pg.Client(url);
    await session.connect();
    for (const table of ['link', 'lane', 'inbox', 'inbox_lane'])
      await session.query(`alter table ${table} set (autovacuum_enabled = false)`);
    await session.query(`insert into tenant (organization, url) values ('contoso', 'http://127.0.0.1')`);
    await session.query(`insert into books (tenant) values (1)`);
    await session.query(
      `insert into connection (tenant, id, kind, name, retry, budget, hook_id) select 1, id, id, id, '{}', '{}', id from unnest(array['azure-devops', 'itsm']) as id`,
    );
    await session.query(
      `insert into mapping (tenant, id, connection, project, position, version, settings, updated_by) values (1, 'm', 'itsm', 'Fabrikam', 1, 1, '{}', '')`,
    );
    // Plans for good after five calls.
    for (let round = 0; round < 8; round += 1)
      await session.query('select * from claim_lanes_with_links(16, 0)');
    for (let round = 0; round < 8; round += 1) {
      await accept('workItem', [`early${round}`]);
      await accept('ticket', [`early${round}`]);
      await accept('ticket', [`early${round}`]);
    }
    for (let round = 0; round < 8; round += 1) await settle(await claim(1));
    // Empty for the moment, the table of what waits looks as if a walk through all of it were the shortest way.
    await settle(await claim(40));
    await session.query('vacuum inbox_lane');
    for (let round = 0; round < 8; round += 1) await settle([]);
    await session.query(
      `insert into link (tenant, mapping, connection, project, work_item_id, ticket_id, ticket_key, ticket_url, origin, responded)
       select 1, 'm', 'itsm', 'Fabrikam', 'w' || n, 't' || n, 't' || n, '', 'linked', true from generate_series(1, $1) as n`,
      [links],
    );
    await session.query(
      `insert into lane (tenant, key, kind, connection, link, queued) select 1, 'link:' || id, 'link', connection, id, 1 from link`,
    );
  }, 60_000);
  afterAll(async () => {
    await session?.end();
    await store?.close();
  });

  interface Claimed {
    tenant: number;
    key: string;
    link: string | null;
    lease_token: string;
    queued: number;
    last_inbox: string;
    link_row: { id: number } | null;
  }
  const claim = async (lanes: number) =>
    (await session.query<Claimed>('select * from claim_lanes_with_links($1, 60)', [lanes])).rows;
  /** As runs that found nothing to do. */
  const settle = (lanes: readonly Claimed[]) =>
    session.query('select settle_lanes($1)', [
      JSON.stringify(
        lanes.map((lane) => ({
          tenant: lane.tenant,
          key: lane.key,
          token: lane.lease_token,
          queued: lane.queued,
          hint_count: 1,
          last_inbox: lane.last_inbox,
          verdict: 'done',
          link: { condition: 'inAgreement', agreed: true },
        })),
      ),
    ]);

  const accept = (side: string, recordIds: readonly string[]) =>
    session.query('select * from accept_deliveries($1, $2)', [
      JSON.stringify(
        recordIds.map((id, n) => ({
          n,
          tenant: 1,
          dedupe: `${side} ${id}`,
          source: side === 'workItem' ? 'azureDevOps' : 'ticketSystem',
          connection: side === 'workItem' ? 'azure-devops' : 'itsm',
          what: 'updated',
          side,
          record_id: id,
          hint: { what: 'updated', side },
          body_at: 1,
          body_bytes: 0,
          encoding: 'utf8',
        })),
      ),
      Buffer.alloc(0),
    ]);

  /** Entries of the indexes of a table that `work` reads. */
  async function entriesRead(table: string, work: () => Promise<unknown>): Promise<number> {
    const read = async () => {
      await session.query('select pg_stat_force_next_flush()');
      const { rows } = await session.query<{ read: string }>(
        'select sum(idx_tup_read) as read from pg_stat_user_indexes where relname = $1',
        [table],
      );
      return Number(rows[0]?.read);
    };
    const before = await read();
    await work();
    return (await read()) - before;
  }

  test.each([
    ['workItem', 'w'],
    ['ticket', 't'],
  ])('finds the link of a delivery of the %s side without looking at the others', async (side, letter) => {
    const recordIds = Array.from({ length: 20 }, (_, n) => `${letter}${n + 1}`);
    const read = await entriesRead('link', () => accept(side, recordIds));
    const { rows } = await session.query(
      'select 1 from inbox_lane join inbox on inbox.id = inbox_lane.inbox where record_id = any($1)',
      [recordIds],
    );
    expect(rows).toHaveLength(20);
    expect(read).toBeLessThan(5 * 20);
  });

  test('counts a delivery that comes again without looking at the others', async () => {
    await session.query(
      `insert into inbox (tenant, dedupe, source, connection, what, outcome) select 1, 'many ' || n, 'azureDevOps', 'azure-devops', 'updated', 'handled' from generate_series(1, $1) as n`,
      [links],
    );
    const read = await entriesRead('inbox', () => accept('ticket', ['early3', 'early5']));
    const { rows } = await session.query(
      `select dedupe, duplicates from inbox where duplicates > 1 order by dedupe`,
    );
    expect(rows).toEqual([
      { dedupe: 'ticket early3', duplicates: 2 },
      { dedupe: 'ticket early5', duplicates: 2 },
    ]);
    expect(read).toBeLessThan(100);
  });

  test('claims a handful of lanes without looking at each as often, and no other links', async () => {
    let claimed: Claimed[] = [];
    let linksRead = 0;
    const read = await entriesRead('lane', async () => {
      linksRead = await entriesRead('link', async () => {
        claimed = await claim(40);
      });
    });
    expect(claimed).toHaveLength(40);
    expect(claimed.map((lane) => lane.link_row?.id)).toEqual(claimed.map((lane) => Number(lane.link)));
    expect(read).toBeLessThan(links);
    expect(linksRead).toBeLessThan(5 * 40);
  });

  test('settles a handful of lanes without looking at what waits for others', async () => {
    await session.query(
      `with told as (
         insert into inbox (tenant, dedupe, source, connection, what, outcome)
         select 1, 'lane ' || id, 'azureDevOps', 'azure-devops', 'updated', 'pending' from link returning id, dedupe)
       insert into inbox_lane (tenant, lane_key, inbox) select 1, 'link:' || split_part(dedupe, ' ', 2), id from told`,
    );
    await session.query(
      `update lane l set last_inbox = w.inbox, lease_until = '-infinity', queued = 1
       from (select lane_key, max(inbox) as inbox from inbox_lane group by lane_key) w
       where w.lane_key = l.key and l.link is not null`,
    );
    const claimed = await claim(30);
    expect(claimed).toHaveLength(30);
    const read: Record<string, number> = {};
    const work = ['lane', 'link', 'inbox', 'inbox_lane'].reduce<() => Promise<unknown>>(
      (inner, table) => async () => {
        read[table] = await entriesRead(table, inner);
      },
      () => settle(claimed),
    );
    await work();
    const { rows } = await session.query(
      `select 1 from inbox where dedupe = any($1) and outcome = 'handled'`,
      [claimed.map((lane) => `lane ${lane.link}`)],
    );
    expect(rows).toHaveLength(claimed.length);
    const tooMany = Object.entries(read).filter(([, entries]) => entries >= 10 * claimed.length);
    expect(tooMany).toEqual([]);
  });
});
