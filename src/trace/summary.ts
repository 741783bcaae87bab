/** What is known of a chunk without decoding it: enough to tell that a filter finds nothing in it. */
import { ColumnReader, ColumnWriter } from './bytes.ts';
import type { trapline } from './generated/trace.js';

/** The highest call number that a summary tells apart. */
const CALL_OTHER = 0xffff;

export interface ChunkSummary {
  /** Number of the chunk's first event in the trace. */
  readonly firstEvent: number;
  readonly count: number;
  /** Lowest and highest instruction count, lowest and highest time in nanoseconds. */
  readonly icount: readonly [bigint, bigint];
  readonly time: readonly [bigint, bigint];
  /** Events by kind. */
  readonly kinds: ReadonlyMap<number, number>;
  readonly tasks: readonly bigint[];
  /** System calls that enter or return in it, by `callKey`, ascending. */
  readonly calls: readonly number[];
}

/** How summaries and filters name a system call: its table and its number. */
export function callKey(abi: number, number: number): number {
  return abi * 65536 + Math.min(number, CALL_OTHER);
}

function put64(column: ColumnWriter, value: bigint): void {
  column.raw64(Number(value & 0xffff_ffffn), Number(value >> 32n));
}

function get64(column: ColumnReader): bigint {
  column.raw64();
  return (BigInt(column.high >>> 0) << 32n) | BigInt(column.low >>> 0);
}

export function summaryToMessage(summary: ChunkSummary): trapline.ChunkSummary.$Properties {
  const range = new ColumnWriter();
  for (const value of [...summary.icount, ...summary.time]) put64(range, value);
  const tasks = new ColumnWriter();
  for (const task of summary.tasks) put64(tasks, task);
  const calls = new ColumnWriter();
  let before = 0;
  for (const call of summary.calls) {
    calls.varint(call - before);
    before = call;
  }
  return {
    firstEvent: summary.firstEvent,
    count: summary.count,
    range: range.take(),
    kind: [...summary.kinds.keys()],
    kindCount: [...summary.kinds.values()],
    tasks: tasks.take(),
    calls: calls.take(),
  };
}

/** Throws ColumnError when a column of it is damaged. */
export function summaryFromMessage(message: trapline.ChunkSummary.$Properties): ChunkSummary {
  const range = new ColumnReader(message.range ?? new Uint8Array(0));
  const icount = [get64(range), get64(range)] as const;
  const time = [get64(range), get64(range)] as const;
  const tasks: bigint[] = [];
  for (const column = new ColumnReader(message.tasks ?? new Uint8Array(0)); !column.atEnd; ) tasks.push(get64(column));
  const calls: number[] = [];
  let call = 0;
  for (const column = new ColumnReader(message.calls ?? new Uint8Array(0)); !column.atEnd; ) {
    call += column.varint();
    calls.push(call);
  }
  const counts = message.kindCount ?? [];
  return {
    firstEvent: message.firstEvent ?? 0,
    count: message.count ?? 0,
    icount,
    time,
    kinds: new Map((message.kind ?? []).map((kind, i) => [kind, counts[i] ?? 0])),
    tasks,
    calls,
  };
}
