import type { Cause, SidedHint } from '../lanes/lane.ts';

/** Why a run happens: the most human of its hints. */
export function causeOf(hints: readonly SidedHint[]): Cause {
  const order: Cause[] = ['person', 'extension', 'hook', 'follow-up', 'sweep', 'schedule'];
  const causes = new Set(hints.map((hint) => hint.cause ?? 'hook'));
  return order.find((cause) => causes.has(cause)) ?? 'schedule';
}
