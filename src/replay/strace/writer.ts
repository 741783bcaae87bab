import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { type CallFilter, wantsCall, wantsOutcome, wantsTrap } from '../call-filter.ts';
import type { Call } from '../calls.ts';
import type { ChildEnding } from '../child-ending.ts';
import type { Descriptors } from '../descriptors.ts';
import type { TextOutput } from '../output.ts';
import { endsProcess, type SignalDelivery } from '../pairing.ts';
import { printable as printableText } from '../printable.ts';
import type { CallSink } from '../reconstruction.ts';
import { TextBuffer } from '../text-buffer.ts';
import type { Trap } from '../traps/trap.ts';
import { hex, inParentheses } from '../traps/values.ts';
import { signalName } from './flags.ts';
import type { FormatOptions } from './format.ts';
import { type CallFormat, formatOf, writeRest, writeResult, writeStart } from './line.ts';
import { formatStruct } from './structs.ts';
import { quote } from './values.ts';

export interface StraceOptions {
  readonly filter: CallFilter;
  readonly stringLimit: number;
  readonly verbose: boolean;
  /** `fd<path>` */
  readonly paths: boolean;
  /** `<0.000012>` behind each call: time spent in it. */
  readonly durations: boolean;
  /** Virtual time before each line: none, seconds since boot, or since the line before. */
  readonly times: 'none' | 'absolute' | 'relative';
  /** Lines as strace -o has them: the thread's number alone, and absolute times from `epoch` on (seconds since 1970 at power-on). */
  readonly log?: { readonly epoch: number };
}

/** Column of the `=`, as strace has it. */
const RESULT_COLUMN = 39;

/** Lines that are held back at most, for a call whose arguments could not be read at its entry. */
const HELD_LINES = 50_000;

/** A line that waits for what its call's return will tell. */
interface WaitingLine {
  readonly call: Call;
  readonly prefix: string;
  readonly who: TaskIdentity | undefined;
}

/** Calls as lines of text, one whole call a line unless another task comes between. */
export class StraceWriter implements CallSink {
  readonly #output: TextOutput;
  readonly #out: TextBuffer;
  readonly #options: StraceOptions;
  readonly #format: FormatOptions;
  readonly #descriptors: Descriptors | undefined;
  readonly #unfinished = new Set<Call>();
  /** A line that waits, and all behind it, in order. */
  #held: (string | WaitingLine)[] = [];
  /** The call that was entered last, as long as it may still be told in one line; its prefix is made at its entry. */
  #open: Call | undefined;
  #openWho: TaskIdentity | undefined;
  readonly #openPrefix = new TextBuffer(64);
  readonly #names = new WeakMap<TaskIdentity, Uint8Array>();
  #namedLast: TaskIdentity | undefined;
  #nameLast = UNKNOWN;
  /** By thread id: its last call was a 32-bit one. */
  readonly #narrow = new Map<number, boolean>();
  #lastTime = 0;
  #who: TaskIdentity | undefined;

  constructor(output: TextOutput, options: StraceOptions, descriptors: Descriptors | undefined) {
    this.#output = output;
    this.#out = output.buffer;
    this.#options = options;
    this.#descriptors = descriptors;
    this.#format = {
      stringLimit: options.stringLimit,
      verbose: options.verbose,
      descriptor: options.paths ? (out, fd) => this.#named(out, fd) : (out, fd) => out.decimal(fd),
      folder: options.paths ? (out) => this.#folder(out) : undefined,
    };
  }

  #named(out: TextBuffer, fd: number): void {
    const file = this.#who && this.#descriptors?.slot(this.#who, fd)?.file;
    out.decimal(fd);
    if (file === undefined) return;
    out.text(`<${bracketed(file.what)}>`);
    if (file.gone || file.kind === 'memfd') out.text('(deleted)');
  }

  #folder(out: TextBuffer): void {
    const folder = this.#who && this.#descriptors?.taskFiles(this.#who.pid)?.place.folder;
    if (folder !== undefined) out.text(`<${bracketed(folder)}>`);
  }

  entry(call: Call, identity: TaskIdentity | undefined): void {
    const { filter } = this.#options;
    if (identity !== undefined) this.#noteMode(call, identity);
    if (!wantsCall(filter, call)) return;
    this.#who = identity;
    if (filter.status !== 'any') {
      if (call.outcome === 'never' && wantsOutcome(filter, call)) this.#whole(call, identity);
      return;
    }
    this.#interrupt();
    this.#who = identity;
    if (call.outcome !== 'never') {
      this.#open = call;
      this.#openWho = identity;
      this.#openPrefix.truncate(0);
      this.#prefix(this.#openPrefix, call.chunk, call.row, identity);
      return;
    }
    const line = this.#out.length;
    this.#prefix(this.#out, call.chunk, call.row, identity);
    const start = this.#out.length;
    writeStart(this.#out, call, formatOf(call), this.#format);
    this.#equals(start);
    this.#out.text('?\n');
    if (endsProcess(call)) {
      this.#prefix(this.#out, call.chunk, call.row, identity);
      this.#out.text(`+++ exited with ${call.low(0) & 0xff} +++\n`);
    }
    this.#written(line);
  }

  /** A task is taken to go on as its process, or its parent, did. */
  #noteMode({ narrow }: Call, { pid, tgid, parent }: TaskIdentity): void {
    const own = this.#narrow.get(pid);
    if (own === narrow) return;
    const before = own ?? this.#narrow.get(tgid) ?? this.#narrow.get(parent);
    this.#narrow.set(pid, narrow);
    if (before === undefined || before === narrow) return;
    this.#interrupt();
    const line = this.#out.length;
    this.#out.text(`[ Process PID=${pid} runs in ${narrow ? '32' : '64'} bit mode. ]\n`);
    this.#written(line);
  }

  return(call: Call, identity: TaskIdentity | undefined): void {
    const { filter } = this.#options;
    if (!wantsCall(filter, call)) return;
    this.#who = identity;
    if (filter.status !== 'any') {
      if (wantsOutcome(filter, call)) this.#whole(call, identity);
      return;
    }
    const format = formatOf(call);
    if (this.#open === call) {
      this.#open = undefined;
      const line = this.#out.length;
      this.#out.append(this.#openPrefix);
      const start = this.#out.length;
      writeStart(this.#out, call, format, this.#format);
      this.#finish(call, format, line, start);
      return;
    }
    if (!this.#unfinished.delete(call)) return;
    this.#settle(call);
    this.#interrupt();
    this.#who = identity;
    const line = this.#out.length;
    this.#prefix(this.#out, call.exitChunk ?? call.chunk, call.exitChunk ? call.exitRow : call.row, identity);
    const start = this.#out.length;
    this.#out.text(`<... ${format.name} resumed>`);
    this.#finish(call, format, line, start);
  }

  signal(signal: SignalDelivery, identity: TaskIdentity | undefined): void {
    if (!this.#options.filter.signals) return;
    this.#interrupt();
    this.#who = identity;
    const name = signalName(signal.number);
    const line = this.#out.length;
    this.#prefix(this.#out, signal.chunk, signal.row, identity);
    this.#out.text(`--- ${name} `);
    signalInfo(this.#out, signal, name, this.#options);
    this.#out.text(' ---\n');
    this.#written(line);
  }

  killed(process: TaskIdentity, { signal, dumped }: ChildEnding, chunk: EventChunk, row: number): void {
    if (!this.#options.filter.signals || this.#options.filter.status !== 'any') return;
    this.#interrupt();
    const line = this.#out.length;
    this.#prefix(this.#out, chunk, row, process);
    this.#out.text(`+++ killed by ${signalName(signal ?? 0)}${dumped ? ' (core dumped)' : ''} +++\n`);
    this.#written(line);
  }

  trap({ policy, text, instruction, symbol, chunk, row }: Trap, identity: TaskIdentity | undefined): void {
    if (!wantsTrap(this.#options.filter, policy)) return;
    this.#interrupt();
    const line = this.#out.length;
    this.#prefix(this.#out, chunk, row, identity);
    const place =
      instruction === undefined ? '' : ` at ${hex(instruction)}${inParentheses(symbol && printableText(symbol))}`;
    this.#out.text(`*** ${policy}: ${text}${place}\n`);
    this.#written(line);
  }

  /** Calls still open when the trace ends. */
  end(): void {
    this.#interrupt();
    this.#release(this.#held.length);
  }

  /** A line that begins at `line` is whole: it goes its way, unless one before it waits. */
  #written(line: number): void {
    if (this.#held.length === 0) this.#output.settle();
    else {
      this.#held.push(this.#out.toString(line));
      this.#out.truncate(line);
      if (this.#held.length > HELD_LINES) this.#release(this.#held.length);
    }
  }

  /** Writes so many of the lines that are held, and what stands behind them up to the next that must wait. */
  #release(count: number): void {
    let done = 0;
    for (const item of this.#held) {
      if (done >= count && typeof item !== 'string') break;
      if (typeof item === 'string') this.#out.text(item);
      else this.#unfinishedLine(item);
      this.#output.settle();
      done++;
    }
    this.#held = this.#held.slice(done);
  }

  #unfinishedLine({ call, prefix, who }: WaitingLine): void {
    this.#who = who;
    this.#out.text(prefix);
    writeStart(this.#out, call, formatOf(call), this.#format);
    this.#out.text(' <unfinished ...>\n');
  }

  /** A call that was told as unfinished has ended: what its line waited for is known, or never will be. */
  #settle(call: Call): void {
    const at = this.#held.findIndex((item) => typeof item !== 'string' && item.call === call);
    if (at < 0) return;
    const line = this.#out.length;
    this.#unfinishedLine(this.#held[at] as WaitingLine);
    this.#held[at] = this.#out.toString(line);
    this.#out.truncate(line);
    this.#release(0);
  }

  #whole(call: Call, identity: TaskIdentity | undefined): void {
    const format = formatOf(call);
    const line = this.#out.length;
    this.#prefix(this.#out, call.chunk, call.row, identity);
    const start = this.#out.length;
    writeStart(this.#out, call, format, this.#format);
    this.#finish(call, format, line, start);
  }

  /** The rest of a line; its call's text begins at `start`. */
  #finish(call: Call, format: CallFormat, line: number, start: number): void {
    const out = this.#out;
    // What a call opens has its name from here on.
    this.#descriptors?.returned(call, this.#who);
    writeRest(out, call, format, this.#format);
    this.#equals(start);
    writeResult(out, call, format, this.#format);
    if (this.#options.durations) {
      out.text(' <');
      seconds(out, call.exitTime - call.entryTime);
      out.byte(0x3e);
    }
    out.byte(NEWLINE);
    this.#written(line);
  }

  /** Something else is to be told while a call is open: its line ends without result. */
  #interrupt(): void {
    const call = this.#open;
    if (call === undefined) return;
    const waiting = { call, prefix: this.#openPrefix.toString(), who: this.#openWho };
    this.#unfinished.add(call);
    this.#open = undefined;
    if (call.lacksCaptures) this.#held.push(waiting);
    else {
      const line = this.#out.length;
      this.#unfinishedLine(waiting);
      this.#written(line);
    }
  }

  #equals(start: number): void {
    const out = this.#out;
    out.byte(0x29);
    out.spaces(RESULT_COLUMN - (out.length - start));
    out.text(' = ');
  }

  /** Who it was, and when, by a row of a chunk. */
  #prefix(out: TextBuffer, chunk: EventChunk, row: number, identity: TaskIdentity | undefined): void {
    out.bytes(this.#name(identity));
    const { times } = this.#options;
    if (times === 'none') return;
    const time = chunk.time(row);
    const shown = times === 'absolute' ? time : this.#lastTime === 0 ? 0 : time - this.#lastTime;
    this.#lastTime = time;
    if (this.#options.log === undefined) seconds(out, shown);
    else dated(out, this.#options.log.epoch, shown);
    out.byte(0x20);
  }

  /** `[pid comm] `, made once for each identity. */
  #name(identity: TaskIdentity | undefined): Uint8Array {
    if (identity === undefined) return this.#options.log === undefined ? UNKNOWN : NOBODY;
    if (identity === this.#namedLast) return this.#nameLast;
    let name = this.#names.get(identity);
    if (name === undefined) {
      const { pid, comm } = identity;
      const text = this.#options.log === undefined ? `[${pid} ${printable(comm)}] ` : `${String(pid).padEnd(5)} `;
      name = Buffer.from(text, 'latin1');
      this.#names.set(identity, name);
    }
    this.#namedLast = identity;
    this.#nameLast = name;
    return name;
  }
}

const NEWLINE = 0x0a;
const UNKNOWN: Uint8Array = Buffer.from('[? ?] ', 'latin1');
/** What stands for it where only a number can. */
const NOBODY: Uint8Array = Buffer.from('0     ', 'latin1');

/** The kernel writes siginfo only for handlers that asked for it (SA_SIGINFO): else the signal's number is all there is. */
function signalInfo(out: TextBuffer, signal: SignalDelivery, name: string, options: StraceOptions): void {
  const { siginfo, abi, number } = signal;
  if (siginfo === undefined || new DataView(siginfo.buffer, siginfo.byteOffset).getInt32(0, true) !== number) {
    out.text(`{si_signo=${name}, ...}`);
  } else formatStruct(out, abi === 'linux32' ? 'siginfo32' : 'siginfo', siginfo, options);
}

/** A name in brackets: what would end it, or a terminal would act on, is shown by its number. */
function bracketed(text: string): string {
  let shown = BRACKETED.get(text);
  if (shown === undefined) {
    if (BRACKETED.size >= MOST_BRACKETED) BRACKETED.clear();
    shown = withoutBrackets(text);
    BRACKETED.set(text, shown);
  }
  return shown;
}

/** The same names come again and again. */
const BRACKETED = new Map<string, string>();
const MOST_BRACKETED = 4096;

function withoutBrackets(text: string): string {
  const quoted = quote(Buffer.from(text, 'latin1')).slice(1, -1);
  return quoted.replace(/[<>]/g, (char) => `\\${char.charCodeAt(0).toString(8)}`);
}

/** Guest text on a line of its own terms, byte by byte: nothing but printable ASCII reaches the terminal. */
function printable(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^\x21-\x7e]/g, (char) => (char === ' ' ? '_' : `\\${char.charCodeAt(0).toString(8)}`));
}

const NANOSECONDS = 1e9;

/** Nanoseconds as seconds with six decimals. */
function seconds(out: TextBuffer, nanoseconds: number): void {
  out.text((nanoseconds / NANOSECONDS).toFixed(6));
}

/** The same counted from `epoch`, whole seconds, on: together they would be more than a number holds exactly. */
function dated(out: TextBuffer, epoch: number, nanoseconds: number): void {
  const whole = Math.floor(nanoseconds / NANOSECONDS);
  out.decimal(epoch + whole);
  out.byte(0x2e);
  out.padded(Math.floor((nanoseconds - whole * NANOSECONDS) / 1000), 6);
}
