/** Most steps that are taken to reach a state. Every process that Microsoft ships connects any two within three. */
const maxSteps = 3;

/**
 * The states to pass through to `to`, itself last; undefined when it is out of reach or the way has one step only,
 * which was refused already. `transitions` by the state left, as the work item type tells them.
 */
export const findStatePath = (
  transitions: Readonly<Record<string, readonly string[]>>,
  from: string,
  to: string,
): readonly string[] | undefined => {
  const next = new Map(
    Object.entries(transitions).map(([state, targets]) => [state.toLowerCase(), targets] as const),
  );
  const goal = to.toLowerCase();
  const visited = new Set([from.toLowerCase()]);
  let paths: string[][] = [[]];
  for (let step = 1; step <= maxSteps; step++) {
    const longer: string[][] = [];
    for (const path of paths) {
      const at = (path.at(-1) ?? from).toLowerCase();
      for (const target of next.get(at) ?? []) {
        const key = target.toLowerCase();
        // A direct transition that was refused is not tried again by another name.
        if (step === 1 && key === goal) continue;
        if (key === goal) return [...path, target];
        if (visited.has(key)) continue;
        visited.add(key);
        longer.push([...path, target]);
      }
    }
    paths = longer;
  }
  return undefined;
};
