const BARS = '▁▂▃▄▅▆▇█';

/** Sums of neighbouring values, so that there are `columns` of them. */
function gathered(values: Float64Array, columns: number): number[] {
  const sums = new Array<number>(columns).fill(0);
  for (const [i, value] of values.entries()) sums[Math.floor((i * columns) / values.length)]! += value;
  return sums;
}

/** A curve of one row: a bar for each moment, blank where there is nothing. */
export function sparkline(values: Float64Array, columns: number): string {
  const sums = gathered(values, Math.max(1, Math.min(columns, values.length)));
  const highest = Math.max(...sums);
  if (highest === 0) return ' '.repeat(sums.length);
  return sums
    .map((value) => (value === 0 ? ' ' : BARS[Math.min(BARS.length - 1, Math.floor((value / highest) * BARS.length))]!))
    .join('');
}
