import { MECHANISM } from '../emu/monitor-layout.ts';
import { errnoOf } from '../guest/linux/tables/errno.ts';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import { type CallFilter, wantsCall, wantsOutcome } from './call-filter.ts';
import type { Call } from './calls.ts';
import type { TextOutput } from './output.ts';
import type { Step } from './pairing.ts';
import type { StepSink } from './reconstruction.ts';
import type { FormatOptions } from './strace/arguments.ts';
import { callArguments } from './strace/line.ts';
import { duration } from './strace/writer.ts';

/** One call as data. 64-bit values are 0x strings, times virtual nanoseconds. */
export interface CallRow {
  readonly seq: number;
  readonly icount: number;
  readonly time: number;
  readonly vcpu: number;
  readonly pid: number | null;
  readonly tid: number | null;
  readonly comm: string | null;
  readonly mechanism: string;
  readonly nr: number;
  readonly name: string;
  readonly args: readonly string[];
  readonly raw: readonly string[];
  /** null while unfinished, and when the call never returns. */
  readonly ret: string | null;
  readonly errno: string | null;
  readonly duration: number | null;
}

/** 32-bit SYSCALL is SYSCALL; the call's own number and the trace tell it apart. */
const MECHANISM_NAMES = new Map<number, string>([
  ...Object.entries(MECHANISM).map(([name, number]): [number, string] => [number, name]),
  [MECHANISM.syscall32, 'syscall'],
]);
const FORMAT: FormatOptions = { stringLimit: Number.MAX_SAFE_INTEGER, verbose: true, descriptor: (fd) => String(fd) };

/** A call as a row. */
export function callRow(call: Call, identity: TaskIdentity | undefined): CallRow {
  const { chunk, row } = call.entry;
  const { outcome } = call;
  const arity = call.syscall?.arguments.length ?? 6;
  return {
    seq: call.sequence,
    icount: chunk.icount(row),
    time: chunk.time(row),
    vcpu: chunk.vcpu(row),
    pid: identity?.tgid ?? null,
    tid: identity?.pid ?? null,
    comm: identity?.comm ?? null,
    mechanism: MECHANISM_NAMES.get(chunk.mechanism(row)) ?? 'unknown',
    nr: call.number,
    name: call.name,
    args: callArguments(call, FORMAT),
    raw: Array.from({ length: arity }, (_, i) => `0x${call.value(i).toString(16)}`),
    ret: outcome.kind === 'value' ? signedText(outcome.low, outcome.high) : outcome.kind === 'error' ? '-1' : null,
    errno:
      outcome.kind === 'error' || outcome.kind === 'restart'
        ? (errnoOf(outcome.errno)?.name ?? String(outcome.errno))
        : null,
    duration: call.exit === undefined ? null : duration(call),
  };
}

function signedText(low: number, high: number): string {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
}

const COLUMNS: readonly (keyof CallRow)[] = [
  'seq', 'icount', 'time', 'vcpu', 'pid', 'tid', 'comm', 'mechanism', 'nr', 'name', 'args', 'raw', 'ret', 'errno', 'duration',
]; // biome-ignore format: one row

const csvField = (value: unknown): string => {
  const text = value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Rows as JSON lines or CSV, in the order in which calls end; unfinished ones last. */
export class RowWriter implements StepSink {
  readonly #output: TextOutput;
  readonly #filter: CallFilter;
  readonly #line: (row: CallRow) => string;
  readonly #open = new Map<Call, TaskIdentity | undefined>();

  constructor(output: TextOutput, filter: CallFilter, format: 'jsonl' | 'csv') {
    this.#output = output;
    this.#filter = filter;
    this.#line =
      format === 'jsonl'
        ? (row) => `${JSON.stringify(row)}\n`
        : (row) => `${COLUMNS.map((key) => csvField(row[key])).join(',')}\n`;
    if (format === 'csv') output.write(`${COLUMNS.join(',')}\n`);
  }

  step(step: Step, identity: TaskIdentity | undefined): void {
    if (step.kind === 'entry' && wantsCall(this.#filter, step.call)) {
      if (step.call.outcome.kind === 'never') this.#write(step.call, identity);
      else this.#open.set(step.call, identity);
    } else if (step.kind === 'return' && this.#open.delete(step.call)) this.#write(step.call, identity);
  }

  end(): void {
    for (const [call, identity] of this.#open) this.#write(call, identity);
    this.#open.clear();
  }

  #write(call: Call, identity: TaskIdentity | undefined): void {
    if (wantsOutcome(this.#filter, call)) this.#output.write(this.#line(callRow(call, identity)));
  }
}
