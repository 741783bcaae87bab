import type { FileChange } from '../analyze/tables/file-changes.ts';
import { MECHANISM } from '../emu/monitor-layout.ts';
import { errnoOf } from '../guest/linux/tables/errno.ts';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import { FILE_EVENTS } from '../record/traps/index.ts';
import type { Call } from '../replay/calls.ts';
import { formatOf, writeAll, writeResult } from '../replay/strace/line.ts';
import { TextBuffer } from '../replay/text-buffer.ts';
import type { FieldValue } from '../replay/traps/description.ts';
import type { Trap } from '../replay/traps/trap.ts';
import { REGISTER, type RegisterName } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import type { Introspection } from '../trace/introspection.ts';

/** A system call, seen from outside. */
export interface SeenCall {
  readonly name: string;
  readonly number: number;
  /** As strace shows them. */
  readonly arguments: readonly string[];
  /** The arguments' values; all six where the call is not known. */
  readonly values: readonly bigint[];
  /** undefined: it has not come back, or never will, or failed. */
  readonly result: bigint | undefined;
  /** Name of the error with which it came back. */
  readonly errno: string | undefined;
}

/** Something that a monitor saw. */
export class MonitorEvent {
  /** The monitor's name. */
  readonly monitor: string;
  /** In words: a call as strace has it, any other trap as `replay` shows it. */
  readonly text: string;
  /** Who ran; undefined: not known. */
  readonly process: TaskIdentity | undefined;
  /** Guest-virtual; undefined where no instruction did it (a device). */
  readonly instruction: bigint | undefined;
  /** What the text says, by name; numbers beyond 32 bits are 0x text. Empty for calls. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly call: SeenCall | undefined;
  /** What a trigger of VMFUNC asked for, and the memory that it named. */
  readonly introspection: (Introspection & { readonly data: Uint8Array }) | undefined;
  readonly #chunk: EventChunk;
  readonly #row: number;

  constructor(
    chunk: EventChunk,
    row: number,
    process: TaskIdentity | undefined,
    seen: Pick<MonitorEvent, 'monitor' | 'text' | 'instruction'> &
      Partial<Pick<MonitorEvent, 'fields' | 'call' | 'introspection'>>,
  ) {
    this.#chunk = chunk;
    this.#row = row;
    this.process = process;
    this.monitor = seen.monitor;
    this.text = seen.text;
    this.instruction = seen.instruction;
    this.fields = seen.fields ?? {};
    this.call = seen.call;
    this.introspection = seen.introspection;
  }

  /** Number of the event in its trace. */
  get number(): number {
    return this.#chunk.firstEvent + this.#row;
  }

  /** Instructions retired before it. */
  get icount(): number {
    return this.#chunk.icount(this.#row);
  }

  /** Virtual nanoseconds. */
  get time(): number {
    return this.#chunk.time(this.#row);
  }

  get vcpu(): number {
    return this.#chunk.vcpu(this.#row);
  }

  /** Privilege level: 0 the kernel's, 3 a program's. */
  get cpl(): number {
    return this.#chunk.cpl(this.#row);
  }

  /** The kernel's task pointer; 0: not known. */
  get task(): bigint {
    return this.#chunk.task(this.#row);
  }

  /** A register as it stood; of a call at its entry. */
  register(name: RegisterName): bigint {
    return this.#chunk.register(this.#row, REGISTER[name]);
  }
}

const FORMAT = {
  stringLimit: Number.MAX_SAFE_INTEGER,
  verbose: true,
  descriptor: (out: TextBuffer, fd: number): void => out.decimal(fd),
};
const MOST_ARGUMENTS = 6;

const MONITOR_OF = new Map<number, string>([
  [MECHANISM.syscall, 'syscall'],
  [MECHANISM.syscall32, 'syscall'],
  [MECHANISM.sysenter, 'sysenter'],
  [MECHANISM.int80, 'int'],
  [MECHANISM.int2e, 'int'],
  [MECHANISM.int, 'int'],
  [MECHANISM.callGate, 'int'],
]);

/** Which monitor sees calls that are made like this one. */
export function monitorOfCall({ chunk, row }: Call): string {
  return MONITOR_OF.get(chunk.mechanism(row)) ?? 'syscall';
}

export function callEvent(call: Call, process: TaskIdentity | undefined): MonitorEvent {
  const format = formatOf(call);
  const out = new TextBuffer();
  const shown = format.arguments.map((write, i) => {
    out.truncate(0);
    write(out, call, i, FORMAT);
    return out.toString();
  });
  out.truncate(0);
  out.text(`${format.name}(`);
  writeAll(out, call, format, FORMAT);
  out.text(') = ');
  writeResult(out, call, format, FORMAT);
  const count = call.syscall?.arguments.length ?? MOST_ARGUMENTS;
  const { chunk, row } = call;
  return new MonitorEvent(chunk, row, process, {
    monitor: monitorOfCall(call),
    text: out.toString(),
    instruction: chunk.rip(row),
    call: {
      name: call.name,
      number: call.number,
      arguments: shown.filter((text) => text !== ''),
      values: Array.from({ length: count }, (_, i) => wide(call.low(i), call.high(i))),
      result: call.outcome === 'value' ? BigInt.asIntN(64, wide(call.result, call.resultHigh)) : undefined,
      errno: call.failed ? (errnoOf(call.errno)?.name ?? String(call.errno)) : undefined,
    },
  });
}

/** What a call did to a file, and the call. */
export function fileEvent(change: FileChange, call: Call, process: TaskIdentity): MonitorEvent {
  const { action, what, path, to, certain } = change;
  const seen = callEvent(call, process);
  return new MonitorEvent(call.chunk, call.row, process, {
    monitor: FILE_EVENTS.name,
    text: `${action}${what === undefined ? '' : ` ${what}`} ${path}${to === undefined ? '' : ` -> ${to}`}`,
    fields: { action, certain, what: what ?? null, path, to: to ?? null },
    instruction: seen.instruction,
    call: seen.call,
  });
}

const wide = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

export function trapEvent(
  trap: Trap,
  process: TaskIdentity | undefined,
  introspection: MonitorEvent['introspection'],
): MonitorEvent {
  const { chunk, row, policy, text, fields, instruction } = trap;
  return new MonitorEvent(chunk, row, process, { monitor: policy, text, fields, instruction, introspection });
}
