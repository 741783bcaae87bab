/** Names of the kernel addresses that a trace holds, as a fact of its profile. */
import { ColumnError, ColumnReader, ColumnWriter } from './bytes.ts';
import type { Fact } from './messages.ts';

const SYMBOLS_FACT = 'linux.symbols';

/** What lies at `start` to `start + size - 1`. */
export interface NamedRange {
  /** Guest-virtual. */
  readonly start: bigint;
  /** Bytes. */
  readonly size: bigint;
  /** Empty: memory of a module for which it gives no symbol. */
  readonly name: string;
  /** undefined: the kernel's own image. */
  readonly module: string | undefined;
}

export interface NamedRanges {
  /** In order of their addresses; none overlaps another. */
  readonly ranges: readonly NamedRange[];
  /** Kernel instructions of the trace that have no name. */
  readonly unnamed: number;
}

interface Head {
  readonly modules: readonly string[];
  readonly unnamed: number;
}

const words = (value: bigint): [low: number, high: number] => [
  Number(BigInt.asUintN(32, value)),
  Number(BigInt.asUintN(32, value >> 32n)),
];

export function symbolsFact({ ranges, unnamed }: NamedRanges): Fact {
  const modules = [...new Set(ranges.flatMap(({ module }) => module ?? []))];
  const column = new ColumnWriter();
  let end = 0n;
  for (const { start, size, name, module } of ranges) {
    const text = Buffer.from(name);
    column.varint64(...words(start - end));
    column.varint64(...words(size));
    column.varint(module === undefined ? 0 : 1 + modules.indexOf(module));
    column.varint(text.length);
    column.append(text);
    end = start + size;
  }
  const head: Head = { modules, unnamed };
  return { name: SYMBOLS_FACT, json: JSON.stringify(head), data: column.take() };
}

/** The names of a trace, by its profile; undefined: it has none, or none that can be read. */
export function namedRanges(profile: ReadonlyMap<string, Fact>): NamedRanges | undefined {
  const fact = profile.get(SYMBOLS_FACT);
  try {
    return fact && decodeSymbols(fact);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ColumnError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Throws SyntaxError, TypeError or ColumnError when the fact is not one of these. */
function decodeSymbols({ json, data }: Fact): NamedRanges {
  const { modules, unnamed } = JSON.parse(json) as Head;
  const column = new ColumnReader(data);
  const ranges: NamedRange[] = [];
  let end = 0n;
  const wide = (): bigint => {
    column.varint64();
    return (BigInt(column.high >>> 0) << 32n) | BigInt(column.low >>> 0);
  };
  while (!column.atEnd) {
    const start = BigInt.asUintN(64, end + wide());
    const size = wide();
    const module = modules[column.varint() - 1];
    const name = Buffer.from(column.take(column.varint())).toString('utf8');
    ranges.push({ start, size, name, module });
    end = start + size;
  }
  return { ranges, unnamed };
}
