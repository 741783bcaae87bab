import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { type CallFilter, wantsCall, wantsOutcome } from '../call-filter.ts';
import type { Call } from '../calls.ts';
import type { Descriptors } from '../descriptors.ts';
import type { TextOutput } from '../output.ts';
import type { SignalDelivery, Step } from '../pairing.ts';
import type { StepSink } from '../reconstruction.ts';
import type { FormatOptions } from './arguments.ts';
import { signalName } from './flags.ts';
import { callRest, callResult, callStart } from './line.ts';
import { formatStruct } from './structs.ts';

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
}

/** Column of the `=`, as strace has it. */
const RESULT_COLUMN = 39;

/** Lines that are held back at most, for a call whose arguments could not be read at its entry. */
const HELD_LINES = 50_000;

/** A call that was entered last and may still be told in one line. */
interface OpenLine {
  readonly call: Call;
  readonly prefix: string;
}

/** Calls as lines of text, one whole call a line unless another task comes between. */
export class StraceWriter implements StepSink {
  readonly #output: TextOutput;
  readonly #options: StraceOptions;
  readonly #format: FormatOptions;
  readonly #descriptors: Descriptors | undefined;
  readonly #unfinished = new Set<Call>();
  /** Text behind a line that waits for what its call's return will tell, in order. */
  #held: (string | OpenLine)[] = [];
  #open: OpenLine | undefined;
  /** By thread id: its last call was a 32-bit one. */
  readonly #narrow = new Map<number, boolean>();
  #lastTime = 0;
  #tgid = 0;

  constructor(output: TextOutput, options: StraceOptions, descriptors: Descriptors | undefined) {
    this.#output = output;
    this.#options = options;
    this.#descriptors = descriptors;
    this.#format = {
      stringLimit: options.stringLimit,
      verbose: options.verbose,
      descriptor: options.paths ? (fd) => this.#named(fd) : (fd) => String(fd),
    };
  }

  #named(fd: number): string {
    const what = this.#descriptors?.name(this.#tgid, fd);
    return what === undefined ? String(fd) : `${fd}<${what}>`;
  }

  step(step: Step, identity: TaskIdentity | undefined): void {
    this.#tgid = identity?.tgid ?? 0;
    switch (step.kind) {
      case 'entry':
        this.#entry(step.call, identity);
        break;
      case 'return':
        this.#return(step.call, identity);
        break;
      case 'signal':
        if (this.#options.filter.signals) this.#signal(step, identity);
        break;
    }
  }

  /** Calls still open when the trace ends. */
  end(): void {
    this.#interrupt();
    this.#release(this.#held.length);
  }

  #write(text: string): void {
    if (this.#held.length === 0) this.#output.write(text);
    else this.#held.push(text);
    if (this.#held.length > HELD_LINES) this.#release(this.#held.length);
  }

  /** Writes so many of the lines that are held, and what stands behind them up to the next that must wait. */
  #release(count: number): void {
    let done = 0;
    for (const item of this.#held) {
      if (done >= count && typeof item !== 'string') break;
      this.#output.write(typeof item === 'string' ? item : this.#unfinishedLine(item));
      done++;
    }
    this.#held = this.#held.slice(done);
  }

  #unfinishedLine({ call, prefix }: OpenLine): string {
    return `${prefix}${callStart(call, this.#format)} <unfinished ...>\n`;
  }

  /** A call that was told as unfinished has ended: what its line waited for is known, or never will be. */
  #settle(call: Call): void {
    const at = this.#held.findIndex((item) => typeof item !== 'string' && item.call === call);
    if (at < 0) return;
    this.#held[at] = this.#unfinishedLine(this.#held[at] as OpenLine);
    this.#release(0);
  }

  /** A task is taken to go on as its process, or its parent, did. */
  #noteMode(call: Call, { pid, tgid, parent }: TaskIdentity): void {
    const before = this.#narrow.get(pid) ?? this.#narrow.get(tgid) ?? this.#narrow.get(parent);
    this.#narrow.set(pid, call.narrow);
    if (before === undefined || before === call.narrow) return;
    this.#interrupt();
    this.#output.write(`[ Process PID=${pid} runs in ${call.narrow ? '32' : '64'} bit mode. ]\n`);
  }

  #entry(call: Call, identity: TaskIdentity | undefined): void {
    if (identity !== undefined) this.#noteMode(call, identity);
    if (!wantsCall(this.#options.filter, call)) return;
    if (this.#options.filter.status !== 'any') {
      if (call.outcome.kind === 'never' && wantsOutcome(this.#options.filter, call))
        this.#whole(call, identity, callStart(call, this.#format));
      return;
    }
    this.#interrupt();
    const prefix = this.#prefix(call.entry.chunk.time(call.entry.row), identity);
    if (call.outcome.kind !== 'never') {
      this.#open = { call, prefix };
      return;
    }
    const text = callStart(call, this.#format);
    this.#write(`${prefix}${text}${this.#equals(text.length + 1)}?\n${this.#exitNote(call, identity)}`);
  }

  #exitNote(call: Call, identity: TaskIdentity | undefined): string {
    const prefix = this.#prefix(call.entry.chunk.time(call.entry.row), identity);
    return `${prefix}+++ exited with ${call.low(0) & 0xff} +++\n`;
  }

  #return(call: Call, identity: TaskIdentity | undefined): void {
    if (!wantsCall(this.#options.filter, call)) return;
    if (this.#options.filter.status !== 'any') {
      if (wantsOutcome(this.#options.filter, call)) this.#whole(call, identity, callStart(call, this.#format));
      return;
    }
    if (this.#open?.call === call) {
      const text = callStart(call, this.#format) + callRest(call, this.#format);
      this.#write(`${this.#open.prefix}${text}${this.#tail(call, text.length)}`);
      this.#open = undefined;
      return;
    }
    if (!this.#unfinished.delete(call)) return;
    this.#settle(call);
    this.#interrupt();
    const { chunk, row } = call.exit ?? call.entry;
    const prefix = this.#prefix(chunk.time(row), identity);
    const text = `<... ${call.name} resumed>${callRest(call, this.#format)}`;
    this.#write(`${prefix}${text}${this.#tail(call, text.length)}`);
  }

  #whole(call: Call, identity: TaskIdentity | undefined, start: string): void {
    const text = start + callRest(call, this.#format);
    this.#write(this.#prefix(call.entry.chunk.time(call.entry.row), identity) + text + this.#tail(call, text.length));
  }

  #signal(step: Extract<Step, { kind: 'signal' }>, identity: TaskIdentity | undefined): void {
    this.#interrupt();
    const name = signalName(step.number);
    const info = signalInfo(step, name, this.#options);
    this.#write(`${this.#prefix(step.event.chunk.time(step.event.row), identity)}--- ${name} ${info} ---\n`);
  }

  /** Something else is to be told while a call is open: its line ends without result. */
  #interrupt(): void {
    if (this.#open === undefined) return;
    const line = this.#open;
    this.#unfinished.add(line.call);
    this.#open = undefined;
    if (line.call.lacksCaptures) this.#held.push(line);
    else this.#write(this.#unfinishedLine(line));
  }

  #equals(length: number): string {
    return `)${' '.repeat(Math.max(0, RESULT_COLUMN - length))} = `;
  }

  #tail(call: Call, length: number): string {
    const result = callResult(call, this.#format);
    return `${this.#equals(length + 1)}${result}${this.#options.durations ? ` <${seconds(duration(call))}>` : ''}\n`;
  }

  #prefix(time: number, identity: TaskIdentity | undefined): string {
    const who = identity === undefined ? '[? ?] ' : `[${identity.pid} ${printable(identity.comm)}] `;
    if (this.#options.times === 'none') return who;
    const shown = this.#options.times === 'absolute' ? time : this.#lastTime === 0 ? 0 : time - this.#lastTime;
    this.#lastTime = time;
    return `${who}${seconds(shown)} `;
  }
}

/** The kernel writes siginfo only for handlers that asked for it (SA_SIGINFO): else the signal's number is all there is. */
function signalInfo(step: SignalDelivery, name: string, options: StraceOptions): string {
  const { siginfo, abi, number } = step;
  if (siginfo === undefined || new DataView(siginfo.buffer, siginfo.byteOffset).getInt32(0, true) !== number)
    return `{si_signo=${name}, ...}`;
  return formatStruct(abi === 'linux32' ? 'siginfo32' : 'siginfo', siginfo, options);
}

/** Guest text on a line of its own terms: nothing but printable ASCII reaches the terminal. */
function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, (char) => (char === ' ' ? '_' : `\\${char.charCodeAt(0).toString(8)}`));
}

/** Virtual nanoseconds spent in a call; 0 while it has not returned. */
export function duration(call: Call): number {
  if (call.exit === undefined) return 0;
  return call.exit.chunk.time(call.exit.row) - call.entry.chunk.time(call.entry.row);
}

/** Nanoseconds as seconds with six decimals. */
export function seconds(nanoseconds: number): string {
  return (nanoseconds / 1e9).toFixed(6);
}
