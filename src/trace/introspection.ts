/** What was read of the guest when it asked for it (VMFUNC with a trigger), as facts of a profile frame. */
import type { Fact } from './messages.ts';

/** Triggers by what is looked at; any other asks for the processes too. */
export const TRIGGER = {
  /** Processes and threads. */
  processes: 1,
  /** Kernel modules. */
  modules: 2,
  /** The RSI bytes of the program's memory at RDI. */
  memory: 3,
} as const;
export type IntrospectionKind = keyof typeof TRIGGER;

/** Bytes of memory that one trigger keeps. */
export const INTROSPECTION_LIMIT = 1 << 20;

type Cell = string | number | boolean | null | readonly string[];

export interface Introspection {
  /** The trigger's event: instructions retired before its VMFUNC, and virtual nanoseconds. */
  readonly icount: number;
  readonly time: number;
  readonly kind: IntrospectionKind;
  /** Lists: a row an item. 64-bit values are 0x text. */
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  /** Memory: where the bytes below come from, and what of them was not mapped (zeros): [offset, length]. */
  readonly address?: string;
  readonly absent?: readonly (readonly [number, number])[];
  /** What could not be read, and why. */
  readonly notes: readonly string[];
}

const NAME = /^trigger\.(\d+)$/;

/** `number`: how many introspections there were before. */
export function introspectionFact(
  number: number,
  introspection: Introspection | ListedIntrospection,
  data?: Uint8Array,
): Fact {
  return { name: `trigger.${number}`, json: JSON.stringify(introspection), data: data ?? new Uint8Array(0) };
}

/** A list that is what it was at an earlier trigger is written once: `same` is that one's number. */
export type ListedIntrospection = Omit<Introspection, 'rows'> & { readonly same: number };

/** An introspection with the bytes of the memory that it read. */
export interface FoundIntrospection {
  readonly introspection: Introspection;
  readonly data: Uint8Array;
}

/** Reads the facts of a trace in order. */
export class IntrospectionDecoder {
  readonly #rows = new Map<number, Introspection['rows']>();

  /** undefined: the fact is about something else. Throws SyntaxError when it is no JSON. */
  decode({ name, json, data }: Fact): FoundIntrospection | undefined {
    const number = NAME.exec(name)?.[1];
    if (number === undefined) return undefined;
    const written = JSON.parse(json) as Introspection | ListedIntrospection;
    const introspection = 'same' in written ? { ...written, rows: this.#rows.get(written.same) ?? [] } : written;
    this.#rows.set(Number(number), introspection.rows);
    return { introspection, data };
  }
}

/** Introspections of a trace in order. */
export function introspections(facts: Iterable<Fact>): FoundIntrospection[] {
  const decoder = new IntrospectionDecoder();
  return [...facts].flatMap((fact) => decoder.decode(fact) ?? []);
}
