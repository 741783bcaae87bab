import { CAPTURE_KIND, EXIT_BLOCK, MECHANISM } from '../emu/monitor-layout.ts';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import { capturesOf } from './call-captures.ts';
import { type CallFilter, wantsCall, wantsOutcome, wantsTrap } from './call-filter.ts';
import type { Call } from './calls.ts';
import { failureName } from './failure.ts';
import type { TextOutput } from './output.ts';
import type { CallSink } from './reconstruction.ts';
import type { FormatOptions } from './strace/format.ts';
import { formatOf, writeAll } from './strace/line.ts';
import { TextBuffer } from './text-buffer.ts';
import type { Trap } from './traps/trap.ts';

/** 32-bit SYSCALL is SYSCALL; the call's own number and the trace tell it apart. */
const MECHANISM_NAMES = new Map<number, string>([
  ...Object.entries(MECHANISM).map(([name, number]): [number, string] => [number, name]),
  [MECHANISM.syscall32, 'syscall'],
]);

/** What is followed by the vector or selector in a capture, where no system's own way into the kernel was taken. */
const NUMBERED = new Map<number, string>([
  [MECHANISM.int, 'int'],
  [MECHANISM.callGate, 'gate'],
]);

/** `syscall`, `int80`, ..., `gate3b` for a far CALL through the gate of selector 3bh. */
function mechanismOf({ chunk, row }: Call): string {
  const mechanism = chunk.mechanism(row);
  const way = NUMBERED.get(mechanism);
  const exit = way === undefined ? undefined : capturesOf(chunk, row).find(({ kind }) => kind === CAPTURE_KIND.exit);
  if (exit === undefined) return MECHANISM_NAMES.get(mechanism) ?? 'unknown';
  return `${way}${exit.view.getUint32(exit.start + EXIT_BLOCK.vector, true).toString(16)}`;
}

/** Everything in full: rows are for programs. */
const FORMAT: FormatOptions = {
  stringLimit: Number.MAX_SAFE_INTEGER,
  verbose: true,
  descriptor: (out, fd) => out.decimal(fd),
};

/** A 64-bit unsigned value or a signed one, by its halves. */
type Words = readonly [low: number, high: number];

/** How the fields of a row are written down. */
interface RowForm {
  begin(name: string): void;
  number(value: number | null): void;
  /** Text that needs no care. */
  plain(value: string | null): void;
  text(value: string | null): void;
  signed(value: Words | null): void;
  /** The arguments as they are shown. */
  shown(call: Call): void;
  /** Values of as many arguments, hexadecimal. */
  raw(call: Call, count: number): void;
  endRow(): void;
}

/**
 * One call as data, field by field. 64-bit values are strings, times virtual nanoseconds. `seq` counts calls, `event` is the
 * number of its entry among all events: what `#N` means.
 */
function writeRow(form: RowForm, call: Call, identity: TaskIdentity | undefined): void {
  const { chunk, row, outcome } = call;
  form.begin('seq');
  form.number(call.sequence);
  form.begin('icount');
  form.number(chunk.icount(row));
  form.begin('time');
  form.number(chunk.time(row));
  form.begin('vcpu');
  form.number(chunk.vcpu(row));
  form.begin('pid');
  form.number(identity?.tgid ?? null);
  form.begin('tid');
  form.number(identity?.pid ?? null);
  form.begin('comm');
  form.text(identity?.comm ?? null);
  form.begin('mechanism');
  form.plain(mechanismOf(call));
  form.begin('nr');
  form.number(call.number);
  form.begin('name');
  form.plain(call.name);
  form.begin('args');
  form.shown(call);
  form.begin('raw');
  form.raw(call, call.syscall?.arguments.length ?? 6);
  // null while unfinished, and when the call never returns.
  form.begin('ret');
  if (call.syscall?.result === 'ntstatus' && call.returned) form.plain(`0x${call.result.toString(16)}`);
  else form.signed(outcome === 'value' ? [call.result, call.resultHigh] : outcome === 'error' ? MINUS_ONE : null);
  form.begin('errno');
  form.plain(call.failed ? failureName(call) : null);
  form.begin('duration');
  form.number(call.returned ? call.exitTime - call.entryTime : null);
  form.begin('event');
  form.number(chunk.firstEvent + row);
  form.endRow();
}

const MINUS_ONE: Words = [0xffff_ffff, 0xffff_ffff];

const QUOTE = 0x22;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

/** A JSON object a line. */
class JsonForm implements RowForm {
  readonly #out: TextBuffer;
  /** JSON of the command names met. */
  readonly #texts = new Map<string, string>();
  #first = true;

  constructor(out: TextBuffer) {
    this.#out = out;
  }

  begin(name: string): void {
    this.#out.byte(this.#first ? 0x7b : COMMA);
    this.#first = false;
    this.#out.byte(QUOTE);
    this.#out.text(name);
    this.#out.text('":');
  }

  number(value: number | null): void {
    if (value === null) this.#out.text('null');
    else this.#out.decimal(value);
  }

  plain(value: string | null): void {
    if (value === null) {
      this.#out.text('null');
      return;
    }
    this.#out.byte(QUOTE);
    this.#out.text(value);
    this.#out.byte(QUOTE);
  }

  text(value: string | null): void {
    if (value === null) {
      this.#out.text('null');
      return;
    }
    let json = this.#texts.get(value);
    if (json === undefined) {
      json = JSON.stringify(value);
      this.#texts.set(value, json);
    }
    this.#out.text(json);
  }

  signed(value: Words | null): void {
    if (value === null) {
      this.#out.text('null');
      return;
    }
    this.#out.byte(QUOTE);
    this.#out.signed64(value[0], value[1]);
    this.#out.byte(QUOTE);
  }

  shown(call: Call): void {
    const out = this.#out;
    const { arguments: formats } = formatOf(call);
    out.byte(0x5b);
    let some = false;
    for (let i = 0; i < formats.length; i++) {
      const before = out.length;
      if (some) out.byte(COMMA);
      out.byte(QUOTE);
      const start = out.length;
      formats[i]!(out, call, i, FORMAT);
      if (out.length === start) out.truncate(before);
      else {
        out.escapeJson(start);
        out.byte(QUOTE);
        some = true;
      }
    }
    out.byte(0x5d);
  }

  raw(call: Call, count: number): void {
    const out = this.#out;
    out.byte(0x5b);
    for (let i = 0; i < count; i++) {
      out.text(i > 0 ? ',"' : '"');
      out.hex64(call.low(i), call.high(i));
      out.byte(QUOTE);
    }
    out.byte(0x5d);
  }

  endRow(): void {
    this.#out.text('}\n');
    this.#first = true;
  }
}

/** Comma-separated values as RFC 4180 has them, the names of the columns first. */
class CsvForm implements RowForm {
  readonly #out: TextBuffer;
  readonly #cell = new TextBuffer();
  #first = true;

  constructor(out: TextBuffer) {
    this.#out = out;
    out.text(`${CSV_COLUMNS}\n`);
  }

  begin(): void {
    if (!this.#first) this.#out.byte(COMMA);
    this.#first = false;
  }

  number(value: number | null): void {
    if (value !== null) this.#out.decimal(value);
  }

  plain(value: string | null): void {
    if (value !== null) this.#out.text(value);
  }

  text(value: string | null): void {
    const text = value ?? '';
    this.#out.text(/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  }

  signed(value: Words | null): void {
    if (value !== null) this.#out.signed64(value[0], value[1]);
  }

  shown(call: Call): void {
    const cell = this.#cell;
    cell.truncate(0);
    writeAll(cell, call, formatOf(call), FORMAT);
    this.text(cell.toString());
  }

  raw(call: Call, count: number): void {
    const cell = this.#cell;
    cell.truncate(0);
    for (let i = 0; i < count; i++) {
      if (i > 0) cell.text(', ');
      cell.hex64(call.low(i), call.high(i));
    }
    this.text(cell.toString());
  }

  endRow(): void {
    this.#out.byte(NEWLINE);
    this.#first = true;
  }
}

const CSV_COLUMNS = 'seq,icount,time,vcpu,pid,tid,comm,mechanism,nr,name,args,raw,ret,errno,duration,event';

/** A trap that is no call as a JSON object. */
function trapJson(trap: Trap, identity: TaskIdentity | undefined): string {
  const { policy, text, fields, instruction, symbol, chunk, row } = trap;
  return JSON.stringify({
    policy,
    event: chunk.firstEvent + row,
    icount: chunk.icount(row),
    time: chunk.time(row),
    vcpu: chunk.vcpu(row),
    pid: identity?.tgid ?? null,
    tid: identity?.pid ?? null,
    comm: identity?.comm ?? null,
    cpl: chunk.cpl(row),
    instruction: instruction === undefined ? null : `0x${instruction.toString(16)}`,
    symbol: symbol ?? null,
    text,
    fields,
  });
}

/**
 * Rows as JSON lines or CSV, in the order in which calls end; unfinished ones last. Other traps are JSON objects with a
 * `policy`, each where it happened; CSV has the columns of calls and leaves them out.
 */
export class RowWriter implements CallSink {
  readonly #output: TextOutput;
  readonly #filter: CallFilter;
  readonly #form: RowForm;
  readonly #trapsToo: boolean;
  readonly #open = new Map<Call, TaskIdentity | undefined>();

  constructor(output: TextOutput, filter: CallFilter, format: 'jsonl' | 'csv') {
    this.#output = output;
    this.#filter = filter;
    this.#trapsToo = format === 'jsonl';
    this.#form = format === 'jsonl' ? new JsonForm(output.buffer) : new CsvForm(output.buffer);
  }

  entry(call: Call, identity: TaskIdentity | undefined): void {
    if (!wantsCall(this.#filter, call)) return;
    if (call.outcome === 'never') this.#write(call, identity);
    else this.#open.set(call, identity);
  }

  return(call: Call, identity: TaskIdentity | undefined): void {
    if (!wantsCall(this.#filter, call)) return;
    if (this.#open.delete(call)) this.#write(call, identity);
  }

  signal(): void {}

  trap(trap: Trap, identity: TaskIdentity | undefined): void {
    if (this.#trapsToo && wantsTrap(this.#filter, trap.policy)) this.#output.write(`${trapJson(trap, identity)}\n`);
  }

  end(): void {
    for (const [call, identity] of this.#open) this.#write(call, identity);
    this.#open.clear();
  }

  #write(call: Call, identity: TaskIdentity | undefined): void {
    if (!wantsOutcome(this.#filter, call)) return;
    writeRow(this.#form, call, identity);
    this.#output.settle();
  }
}
