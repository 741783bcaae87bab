/** What is known of a chunk without decoding it: enough to tell that a filter finds nothing in it. */
import { ColumnError, ColumnReader, ColumnWriter } from './bytes.ts';
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
  /** What its task events say, see `namingsOf`; empty in files of format 1.0. */
  readonly namings: Uint8Array;
}

/** What a task event says. */
export interface Naming {
  /** Number of the event in the trace. */
  readonly event: number;
  readonly task: bigint;
  /** Virtual nanoseconds. */
  readonly time: number;
  /** Kind of its first capture, and what was captured: a view. */
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** The task events of a chunk that captured something, as its summary tells them. Throws ColumnError when it is damaged. */
export function* namingsOf({ firstEvent, tasks, namings }: ChunkSummary): Generator<Naming> {
  const column = new ColumnReader(namings);
  while (!column.atEnd) {
    const event = firstEvent + column.varint();
    const task = tasks[column.varint()];
    if (task === undefined) throw new ColumnError('a task is not in the summary');
    column.varint64();
    const time = (column.high >>> 0) * 2 ** 32 + (column.low >>> 0);
    const kind = column.varint();
    yield { event, task, time, kind, bytes: column.take(column.varint()) };
  }
}

/** Appends a task event to the column of namings. `time`: two words, low word first. */
export function putNaming(
  column: ColumnWriter,
  row: number,
  taskRow: number,
  time: readonly [number, number],
  capture: Pick<Naming, 'kind' | 'bytes'>,
): void {
  column.varint(row);
  column.varint(taskRow);
  column.varint64(time[0], time[1]);
  column.varint(capture.kind);
  column.varint(capture.bytes.length);
  column.append(capture.bytes);
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
    namings: summary.namings,
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
    namings: message.namings ?? new Uint8Array(0),
  };
}
