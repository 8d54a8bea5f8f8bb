/** Ends the adding of connections. An empty list would be a slip easily, so it means all. */
const noConnectors = 'none';

/** Undefined: all. */
export const connectorsFrom = (
  entries: readonly string[],
  known: readonly string[] | undefined,
  report: (variable: string, problem: string, remedy: string) => void,
): readonly string[] | undefined => {
  const kinds = entries.map((kind) => kind.toLowerCase());
  if (kinds.length === 0) return undefined;
  if (kinds.length === 1 && kinds[0] === noConnectors) return [];
  const unknown = kinds.filter((kind) => known && !known.includes(kind));
  if (unknown.length > 0) {
    // What is no name at all may have been meant for another variable, and be a secret.
    const named = unknown.map((kind) => (/^[a-z][a-z0-9-]{0,39}$/.test(kind) ? `"${kind}"` : 'no name'));
    report(
      'CONNECTORS',
      `has a kind that there is no connector for: ${[...new Set(named)].join(', ')}`,
      `Write some of ${known?.join(', ')}, separated by commas; ${noConnectors} alone; or leave it out for all`,
    );
  }
  return kinds;
};
