import { openCrashScene, placesOf } from '../support/crashes.ts';
import { onceOnly } from '../support/deeds.ts';
import { expectBalancedBooks } from '../support/scene.ts';

export const crashesName = 'a crash before and after every request and every commit';

/** A pair's history is read with every deed, so it must not grow for hundreds of them. */
const crashesPerPair = 25;

/**
 * Ends the backend at each place of each deed that must happen once; `share` takes so many of them, spread evenly from
 * one that `random` chooses.
 */
export async function crashEverywhere(share: number, random: () => number) {
  const crashes = await openCrashScene();
  const violations: string[] = [];
  const counts = { places: 0, crashes: 0, notReached: 0 };
  try {
    for (const deed of onceOnly) {
      let pair = await crashes.newPair();
      const places = placesOf(await crashes.pointsOf(deed, pair));
      const step = Math.max(1, Math.round(1 / share));
      const first = Math.floor(random() * step);
      const chosen = places.filter((_, at) => at % step === first);
      counts.places += places.length;
      for (const [index, place] of chosen.entries()) {
        if (index > 0 && index % crashesPerPair === 0) pair = await crashes.newPair();
        const { wasReached, wrong } = await crashes.crashAt(deed, pair, place);
        if (wasReached) counts.crashes += 1;
        else counts.notReached += 1;
        violations.push(...wrong);
        for (const one of wrong) console.log(`    ${one}`);
      }
    }
    await expectBalancedBooks(crashes.scene);
  } catch (error) {
    violations.push((error as Error).message);
  } finally {
    await crashes.close();
  }
  return { counts, violations };
}
