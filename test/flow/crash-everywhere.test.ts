import { type CrashScene, openCrashScene, placesOf } from '../support/crashes.ts';
import { type Deed, onceOnly } from '../support/deeds.ts';
import { seededRandom } from '../support/nemesis.ts';
import { expectBalancedBooks } from '../support/scene.ts';
import type { Pair } from '../support/two-sides.ts';

/** The same places with every run. All of them, some 380, take a quarter of an hour: `npm run chaos`. */
const random = seededRandom(20_261_122);
const placesFor = ({ kind }: Deed) => (kind === 'create' ? 2 : 1);

let crashes: CrashScene;
let pair: Pair;
beforeAll(async () => {
  crashes = await openCrashScene();
  pair = await crashes.newPair();
});
afterAll(() => crashes?.close());

test.each(onceOnly)('$name is written once, whatever request or commit is the last', async (deed) => {
  const points = await crashes.pointsOf(deed, pair);
  const [remote, commit] = ['remote', 'commit'].map((kind) => points.filter((one) => one.startsWith(kind)));
  // A hook, a claim, an intent, the write with what it reads, what came of it: less would mean that nobody counts.
  expect(remote?.length).toBeGreaterThan(3);
  expect(commit?.length).toBeGreaterThan(5);
  const places = placesOf(points);
  const parts = placesFor(deed);
  for (let part = 0; part < parts; part += 1) {
    const place = places[Math.floor(((part + random()) * places.length) / parts)] as string;
    const { wasReached, wrong } = await crashes.crashAt(deed, pair, place, { isWarm: false });
    expect({ place, wrong }).toEqual({ place, wrong: [] });
    // At the end of the way echoes may join the run that is under way: then there is less to pass.
    if (part < parts - 1) expect({ place, wasReached }).toEqual({ place, wasReached: true });
  }
});

test('the books balance', () => expectBalancedBooks(crashes.scene));
