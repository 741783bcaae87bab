const NANOSECONDS = 1e9;

/** Nanoseconds as seconds with so many decimals. */
export const seconds = (nanoseconds: number, decimals: number): string => (nanoseconds / NANOSECONDS).toFixed(decimals);

/** A whole number with its thousands parted. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

const UNITS = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
] as const;

/** A stretch of time in three digits and a unit. */
export function span(nanoseconds: number): string {
  for (const [unit, size] of UNITS) {
    if (nanoseconds >= size) return `${(nanoseconds / size).toPrecision(3).replace(/e\+.*/, '')} ${unit}`;
  }
  return `${Math.round(nanoseconds)} ns`;
}

/** A whole number in at most six characters. */
export function short(value: number): string {
  if (value < 100_000) return String(value);
  if (value < 10_000_000) return `${(value / 1e3).toFixed(value < 1e6 ? 1 : 0)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}
