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
    let claimed: { link: string | null; link_row: { id: number } | null }[] = [];
    let linksRead = 0;
    const read = await entriesRead('lane', async () => {
      linksRead = await entriesRead('link', async () => {
        claimed = (await session.query('select * from claim_lanes_with_links(40, 60)')).rows;
      });
    });
    expect(claimed).toHaveLength(40);
    const about = claimed.filter((lane) => lane.link !== null);
    // Sixteen are about records that came early and have no link.
    expect(about).toHaveLength(24);
    expect(about.map((lane) => lane.link_row?.id)).toEqual(about.map((lane) => Number(lane.link)));
    expect(read).toBeLessThan(links);
    expect(linksRead).toBeLessThan(5 * 40);
  });
});
