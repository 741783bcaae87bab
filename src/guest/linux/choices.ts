// Conditions on arguments: what of a call is captured and shown hangs on others of its arguments.

/** Only when argument `argument`, under `mask`, has `value`. */
export interface Condition {
  readonly argument: number;
  readonly mask: number;
  readonly value: number;
}

/** One of `values`, of argument `argument` under `mask`. */
export interface Choice {
  readonly argument: number;
  readonly mask: number;
  readonly values: readonly number[];
}

/** `1&0x7f=0,9`. */
export function parseChoice(text: string): Choice {
  const match = /^(\d)(?:&(0x[0-9a-f]+))?=(.+)$/.exec(text);
  if (match === null) throw new Error(`choice ${text}`);
  const [, argument, mask, values] = match;
  return { argument: Number(argument), mask: Number(mask ?? 0xffff_ffff), values: values!.split(',').map(Number) };
}

/** A condition for each of the values. */
export const conditionsOf = ({ argument, mask, values }: Choice): Condition[] =>
  values.map((value) => ({ argument, mask, value }));
