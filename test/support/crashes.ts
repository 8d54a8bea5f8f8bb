import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assignees, creating, type Deed, type DeedContext, isCountedInLedger, writesFor } from './deeds.ts';
import { until } from './rig.ts';
import {
  addMapping,
  byHand,
  expireLeases,
  inAgreement,
  killBackend,
  linkPair,
  openScene,
  type Scene,
} from './scene.ts';
import { type Pair, readCall, readWorkItem } from './two-sides.ts';

/** A scene whose backend dies at any request or commit that it is told; see `backend/compose/failpoints.ts`. */
export interface CrashScene {
  scene: Scene;
  /** Linked by a mapping that creates nothing. */
  newPair(): Promise<Pair>;
  /** What the deed crosses, in order: `remote:1 POST /call`. */
  pointsOf(deed: Deed, pair: Pair): Promise<string[]>;
  /**
   * Does the deed, ends the backend at `remote:1:before`, starts it again and waits until nothing is left to do. A
   * backend that is not warm has more to ask for, so it dies on an earlier step of the way than `pointsOf` names.
   */
  crashAt(deed: Deed, pair: Pair, place: string, options?: { isWarm?: boolean }): Promise<Crash>;
  close(): Promise<void>;
}

export interface Crash {
  /**
   * False when the deed was done without passing the place: requests that go out side by side have no fixed order, and
   * an echo may join another. The backend was ended after it instead.
   */
  wasReached: boolean;
  /** Everything that is wrong in the end. */
  wrong: string[];
}

/** Sweeps and the watchdog would come in between by their clocks; the test lets sweeps come when they are needed. */
const seldom = { SWEEP_EVERY_MS: '3600000', WATCHDOG_EVERY_MS: '3600000' };

export async function openCrashScene(): Promise<CrashScene> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-crashes-'));
  const file = join(folder, 'failpoint');
  const passedFile = `${file}.passed`;
  const scene = await openScene({ mapping: creating, env: { ...seldom, FAILPOINT_FILE: file } });
  const quiet = await addMapping(scene, byHand);

  const arm = (word: string) => {
    rmSync(passedFile, { force: true });
    writeFileSync(file, word);
  };
  const disarm = () => rmSync(file, { force: true });
  const passed = (): string[] => {
    try {
      return readFileSync(passedFile, 'utf8').trim().split('\n');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  };

  const hasDied = () => scene.rig.backend().process.signalCode !== null;

  /** Done, and nothing has moved for long enough that echoes of the last write have come, too. */
  const whenStill = async (deed: Deed, context: DeedContext) => {
    let last = -1;
    let since = Date.now();
    await until(
      () => `${deed.name} is there and all is still; passed: ${passed().slice(-5).join(', ')}`,
      async () => {
        if (hasDied()) return true;
        const [row] = await scene.rows<{ busy: number }>(
          `select count(*)::int as busy from lane where lease_until > now()
             or (queued > 0 and not parked and (due <= now() or kind in ('link', 'record', 'create')))`,
        );
        const now = passed().length;
        if (now !== last || row?.busy !== 0) since = Date.now();
        last = now;
        const isStill = Date.now() - since >= stillMs;
        return isStill && (await deed.count(context)) > 0 ? true : undefined;
      },
      30_000,
    );
  };

  const sweepNow = () =>
    scene.rows(`update lane set due = now() where kind = 'sweep' returning pg_notify('lane', '')`);

  let turn = 0;
  const contextFor = (pair: Pair): DeedContext => {
    turn += 1;
    return { scene, pair, word: `crash ${turn}` };
  };

  /** A process that has just started asks for more than one that has done the same before. */
  const warmUp = async (deed: Deed, pair: Pair) => {
    const context = contextFor(pair);
    await deed.act(context);
    await whenStill(deed, context);
  };

  const restart = async () => {
    disarm();
    await killBackend(scene);
    await expireLeases(scene);
    await scene.rig.startBackend();
    await sweepNow();
  };

  return {
    scene,
    newPair: () => linkPair(scene, { mappingId: quiet }),
    async pointsOf(deed, pair) {
      await warmUp(deed, pair);
      const context = contextFor(pair);
      arm('count');
      await deed.act(context);
      await whenStill(deed, context);
      disarm();
      return passed();
    },
    async crashAt(deed, pair, place, { isWarm = true } = {}) {
      if (isWarm) await warmUp(deed, pair);
      const context = contextFor(pair);
      const before = await writesFor(scene, deed);
      arm(place);
      const named = (wrong: string) => `${deed.name}, ${place} (${passed().at(-1)}): ${wrong}`;
      let wasReached = false;
      try {
        await deed.act(context);
        await whenStill(deed, context);
        wasReached = hasDied();
        await restart();
        await deed.again?.(context);
        await whenStill(deed, context);
        const wrong = await wrongAfter(deed, context, (await writesFor(scene, deed)) - before);
        return { wasReached, wrong: wrong.map(named) };
      } catch (error) {
        if (hasDied()) await restart();
        return { wasReached, wrong: [named((error as Error).message)] };
      }
    },
    async close() {
      disarm();
      await scene.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Longer than a delivery and its reading take here. */
const stillMs = 250;

/** `before` and `after` of each point, in order. */
export const placesOf = (points: readonly string[]): string[] =>
  points.flatMap((point) => {
    const [place] = point.split(' ');
    return [`${place}:before`, `${place}:after`];
  });

async function wrongAfter(deed: Deed, context: DeedContext, writes: number): Promise<string[]> {
  const found: string[] = [];
  const { scene } = context;
  const count = await deed.count(context);
  if (count !== 1) found.push(`it stands there ${count} times`);
  if (isCountedInLedger(deed) && writes !== 1) found.push(`it was written ${writes} times`);
  const [pair] = (await deed.made?.(context)) ?? [context.pair];
  if (pair === undefined) return [...found, 'there is no link'];
  await inAgreement(scene, pair.workItemId);
  const [workItem, call] = await Promise.all([
    readWorkItem(scene.rig, pair.workItemId),
    readCall(scene.rig, pair.callRef),
  ]);
  if (workItem.title !== call.subject) found.push(`titles differ: "${workItem.title}" and "${call.subject}"`);
  if (deed.made !== undefined) {
    if (workItem.assignee !== assignees.developer) found.push(`the work item is with ${workItem.assignee}`);
    if (call.officer !== assignees.agentName) found.push(`the call is with ${call.officer}`);
  }
  return found;
}
