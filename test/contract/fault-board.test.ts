import { type AzureDevOpsSimulator, startAzureDevOps } from '../sandbox/azure-devops/server.ts';
import { FaultBoard } from '../sandbox/fault-board.ts';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { RawSession } from './alemba-simulator-session.ts';
import { call, set } from './azure-devops-call.ts';

let azureDevOps: AzureDevOpsSimulator;
let alemba: AlembaSimulator;
let board: FaultBoard;
beforeAll(async () => {
  [azureDevOps, alemba] = await Promise.all([startAzureDevOps(), startAlemba()]);
  board = new FaultBoard(azureDevOps, alemba);
});
afterEach(() => board.clear());
afterAll(() => Promise.all([azureDevOps.close(), alemba.close()]));

/** Some of the writes are hit: that none of so many is, or all, is no chance any more. */
const tries = Array.from({ length: 40 }, (_, index) => index);

/** Statuses of all answers; every write must have had its effect, whatever its answer was. */
async function statusesOf(write: (index: number) => Promise<{ status: number; done: boolean }>) {
  const statuses = new Set<number>();
  for (const index of tries) {
    const { status, done } = await write(index);
    statuses.add(status);
    expect(done).toBe(true);
  }
  return [...statuses].toSorted();
}

describe('an error after the write', () => {
  test('Azure DevOps: changes, comments and removals are made, and reads are left alone', async () => {
    expect(board.turn('azureDevOps.after-write', true)).toBe(true);
    const item = () => azureDevOps.store.workItems.get(4);
    const changed = await statusesOf(async (index) => {
      const body = [set('System.Title', `Title ${index}`)];
      const { status } = await call(azureDevOps, 'PATCH', '/_apis/wit/workitems/4', { body });
      return { status, done: item()?.revisions.at(-1)?.fields['System.Title'] === `Title ${index}` };
    });
    const path = '/Fabrikam/_apis/wit/workItems/4/comments?api-version=7.1-preview.4';
    const commented = await statusesOf(async (index) => {
      const { status } = await call(azureDevOps, 'POST', path, { body: { text: `Comment ${index}` } });
      return { status, done: item()?.comments.at(-1)?.versions[0]?.text === `Comment ${index}` };
    });
    const comments = item()?.comments.slice(-tries.length) ?? [];
    const removed = await statusesOf(async (index) => {
      const { status } = await call(azureDevOps, 'DELETE', path.replace('?', `/${comments[index]?.id}?`));
      return { status, done: true };
    });
    const read = await statusesOf(async () => ({
      status: (await call(azureDevOps, 'GET', '/_apis/wit/workitems/4')).status,
      done: true,
    }));
    const asked = await statusesOf(async () => {
      const body = { ids: [4], fields: ['System.Title'] };
      return { ...(await call(azureDevOps, 'POST', '/_apis/wit/workitemsbatch', { body })), done: true };
    });
    expect({ changed, commented, removed, read, asked }).toEqual({
      changed: [200, 500],
      commented: [200, 500],
      removed: [204, 500],
      read: [200],
      asked: [200],
    });
  });

  test('Alemba: locks and changes are made, and reads are left alone', async () => {
    const session = await RawSession.open(alemba);
    expect(board.turn('alemba.after-write', true)).toBe(true);
    const stored = () => alemba.store.calls.get(10040);
    const locked = await statusesOf(async () => {
      const { status } = await session.send('PUT', '/call/10040/lock');
      return { status, done: true };
    });
    const changed = await statusesOf(async (index) => {
      const { status } = await session.send('PUT', '/call/10040', { Subject: `Subject ${index}` });
      return { status, done: stored()?.values.Subject === `Subject ${index}` };
    });
    const read = await statusesOf(async () => ({
      status: (await session.get('/call/10040')).status,
      done: true,
    }));
    expect({ locked, changed, read }).toEqual({ locked: [200, 500], changed: [200, 500], read: [200] });
  });

  test('is over when it is switched off', async () => {
    board.turn('azureDevOps.after-write', true);
    expect(
      board
        .list()
        .filter(({ on }) => on)
        .map(({ id }) => id),
    ).toEqual(['azureDevOps.after-write']);
    board.turn('azureDevOps.after-write', false);
    const answers = await statusesOf(async () => {
      const body = [set('System.Title', 'Quiet again')];
      return { ...(await call(azureDevOps, 'PATCH', '/_apis/wit/workitems/4', { body })), done: true };
    });
    expect(answers).toEqual([200]);
  });
});
