/** One line of the bench's table. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What the product aims at, and whether less or more is better. */
  target?: { atMost: number } | { atLeast: number };
}

export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export function spread(
  name: string,
  valuesMs: readonly number[],
  targets: Partial<Record<'p50' | 'p95' | 'p99', number>>,
): Figure[] {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const one = (key: 'p50' | 'p95' | 'p99', share: number): Figure => ({
    name: `${name} ${key}`,
    value: percentile(sorted, share),
    unit: 'ms',
    target: targets[key] === undefined ? undefined : { atMost: targets[key] },
  });
  return [one('p50', 0.5), one('p95', 0.95), one('p99', 0.99)];
}

export const isMet = ({ value, target }: Figure): boolean | undefined => {
  if (target === undefined) return undefined;
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
};

export function printTable(figures: readonly Figure[]): void {
  const width = Math.max(...figures.map((figure) => figure.name.length));
  for (const figure of figures) {
    const aim =
      figure.target === undefined
        ? ''
        : 'atMost' in figure.target
          ? `aim: at most ${figure.target.atMost}`
          : `aim: at least ${figure.target.atLeast}`;
    const met = isMet(figure);
    const sign = met === undefined ? ' ' : met ? '+' : '!';
    const value = Number.isInteger(figure.value) ? String(figure.value) : figure.value.toFixed(1);
    console.log(`${sign} ${figure.name.padEnd(width)}  ${value.padStart(9)} ${figure.unit.padEnd(6)} ${aim}`);
  }
}
