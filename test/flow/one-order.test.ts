import { openTestStore, type TestStore } from '../support/postgres.ts';
import { type Joined, joinSystems, type Rig, startRig, until } from '../support/rig.ts';

let rig: Rig;
let joined: Joined;
let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
  rig = await startRig({ databaseUrl: await store.createDatabase() });
  joined = await joinSystems(rig, (settings) => ({
    ...settings,
    createTicket: { ...settings.createTicket, mode: 'automatic' },
  }));
});

afterAll(async () => {
  await rig?.close();
  await store?.close();
});

const ticketsOf = async (workItemId: number) =>
  (await rig.api('readPanel', { params: { workItemId: String(workItemId) } })).tickets;

test('a person who orders a ticket while the mapping creates one by itself gets one ticket', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { id } = await rig.control<{ id: number }>('azure', 'POST', '/act', {
      do: 'create',
      type: 'Bug',
      fields: { 'System.Title': `Ordered at the same moment ${round}` },
    });
    await rig.api('createTicket', {
      params: { workItemId: String(id) },
      body: { mappingId: joined.mappingId, requestKey: `order-on-save-${id}` },
    });
    await until('the ticket is linked', async () => ((await ticketsOf(id)).length > 0 ? true : undefined));
    await until('the books are closed', async () => {
      const { books } = await rig.api('readOverview', { params: { projectId: rig.azure.project.id } });
      return books.pending === 0 ? true : undefined;
    });
    const { entries } = await rig.control<{ entries: { detail?: { Subject?: string } }[] }>(
      'alemba',
      'GET',
      '/ledger?kind=effect&effect=ticket.created',
    );
    expect(await ticketsOf(id)).toHaveLength(1);
    expect(entries).toHaveLength(round + 1);
  }
});
