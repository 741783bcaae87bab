import type { EventPlace } from '../../analyze/model/chunk-store.ts';
import type { FoundCall, SingleCalls } from '../../analyze/model/single-calls.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import type { Who } from '../../replay/descriptors.ts';
import { Pairing } from '../../replay/pairing.ts';
import { printable } from '../../replay/printable.ts';
import { signalName } from '../../replay/strace/flags.ts';
import type { FormatOptions } from '../../replay/strace/format.ts';
import { formatOf, writeRest, writeResult, writeStart } from '../../replay/strace/line.ts';
import { Task } from '../../replay/task-table.ts';
import { TextBuffer } from '../../replay/text-buffer.ts';
import type { TrapNames } from '../../replay/traps/names.ts';
import { trapOf } from '../../replay/traps/trap.ts';
import { EVENT_KIND, REGISTER } from '../../trace/event.ts';
import { type Segment, segment } from '../tone.ts';

/** An event on one line. */
export interface EventLine {
  /** Its number. */
  readonly event: number;
  /** Virtual nanoseconds. */
  readonly time: number;
  readonly identity: TaskIdentity | undefined;
  readonly body: readonly Segment[];
  /** Of calls: what stands behind the `=`. It stays in sight when the rest is cut. */
  readonly result: readonly Segment[];
}

type Words = Pick<EventLine, 'body' | 'result'>;

export interface LineSources {
  readonly calls: SingleCalls;
  readonly names: TrapNames;
  identity(task: bigint, event: number): TaskIdentity | undefined;
  /** What an address is part of, safe for a terminal; undefined where that is not known. */
  nameOf(address: bigint, place: EventPlace): string | undefined;
  /** What a descriptor meant to a task at an event; undefined where that is not known. */
  descriptor(who: Who, fd: number, event: number): string | undefined;
}

/** Chunks behind its own, or before it, in which the other end of a call is looked for, for a line. */
const LOOK_AROUND = 1;
const SHOWN_BYTES = 48;

/** Makes lines of events. */
export class EventLines {
  readonly #sources: LineSources;
  readonly #out = new TextBuffer();
  readonly #pairing: Pairing;
  #who: Who | undefined;
  #event = 0;
  readonly #format: FormatOptions = {
    stringLimit: SHOWN_BYTES,
    verbose: false,
    descriptor: (out, fd) => {
      out.decimal(fd);
      const what = this.#who && this.#sources.descriptor(this.#who, fd, this.#event);
      if (what !== undefined) out.text(`<${printable(what)}>`);
    },
  };

  constructor(sources: LineSources) {
    this.#sources = sources;
    this.#pairing = new Pairing(sources.calls.tables);
  }

  line(place: EventPlace): EventLine {
    const { chunk, row } = place;
    const event = chunk.firstEvent + row;
    const identity = this.#sources.identity(chunk.task(row), event);
    return { event, time: chunk.time(row), identity, ...this.#words(place, identity) };
  }

  /** The words of a line in one piece. */
  text(place: EventPlace): string {
    const { identity, body, result } = this.line(place);
    const who = identity === undefined ? '' : `${identity.pid} ${printable(identity.comm)} `;
    return who + [...body, ...result].map(({ text }) => text).join('');
  }

  #words(place: EventPlace, identity: TaskIdentity | undefined): Words {
    const { chunk, row } = place;
    this.#who = identity;
    this.#event = chunk.firstEvent + row;
    switch (chunk.kind(row)) {
      case EVENT_KIND.callEntry:
        return this.#call(this.#sources.calls.entered(place, LOOK_AROUND));
      case EVENT_KIND.callReturn:
        return { body: this.#return(place), result: [] };
      case EVENT_KIND.task:
        return { body: taskBody(identity), result: [] };
      default:
        return this.#trap(place);
    }
  }

  #call({ call, settled }: FoundCall): Words {
    const out = this.#out;
    const format = formatOf(call);
    out.truncate(0);
    writeStart(out, call, format, this.#format);
    writeRest(out, call, format, this.#format);
    out.byte(0x29);
    const args = printable(out.toString(format.name.length));
    return { body: [segment(format.name, 'call'), segment(args)], result: this.result(call, settled) };
  }

  /** What stands behind the call. */
  result(call: Call, settled: boolean): Segment[] {
    if (!settled) return [segment(' = … (returns later)', 'dim')];
    const out = this.#out;
    const { chunk, row, exitChunk, exitRow } = call;
    this.#who = this.#sources.identity(chunk.task(row), chunk.firstEvent + row);
    // A descriptor that it gives back is known from the return on.
    if (exitChunk !== undefined) this.#event = exitChunk.firstEvent + exitRow;
    out.truncate(0);
    writeResult(out, call, formatOf(call), this.#format);
    const text = printable(out.toString());
    if (call.outcome === 'pending') return [segment(' = ? (never returned)', 'dim')];
    if (call.failed) return [segment(' = '), segment(text, 'failure')];
    return [segment(' = ', 'plain'), segment(text, 'strong')];
  }

  #return(place: EventPlace): Segment[] {
    const { chunk, row } = place;
    const signal = this.#pairing.deliver(new Task(0n), chunk, row);
    if (signal !== undefined) return [segment(`--- ${signalName(signal.number)} handler entered ---`, 'signal')];
    const value = `0x${chunk.register(row, REGISTER.rax).toString(16)}`;
    const entry = this.#sources.calls.entryOf(place, LOOK_AROUND);
    if (entry === undefined) return [segment(`<... return, ${value}>`, 'dim')];
    const name = formatOf(this.#sources.calls.entered(entry, 0).call).name;
    return [segment(`<... ${name} returned ${value}>`, 'dim')];
  }

  #trap(event: EventPlace): Words {
    const { chunk, row } = event;
    const trap = trapOf(chunk, row, this.#sources.names);
    if (trap === undefined) return { body: [segment(`event of kind ${chunk.kind(row)}`, 'dim')], result: [] };
    const { instruction } = trap;
    const symbol = instruction && this.#sources.nameOf(instruction, event);
    const place =
      instruction === undefined ? '' : ` at 0x${instruction.toString(16)}${symbol === undefined ? '' : ` (${symbol})`}`;
    const text = printable(trap.text);
    const change = text.match(CHANGE)?.index ?? text.length;
    return {
      body: [segment(trap.policy, 'trap'), segment(` ${text.slice(0, change)}`)],
      result: [segment(text.slice(change)), segment(place, 'dim')].filter((part) => part.text !== ''),
    };
  }
}

/** What something was and is. */
const CHANGE = /, \S+(?: \([^)]*\))? -> \S+(?: \([^)]*\))?$/;

function taskBody(identity: TaskIdentity | undefined): Segment[] {
  if (identity === undefined) return [segment('=== a task that is not named', 'task')];
  const { pid, tgid, parent, comm } = identity;
  const who = pid === tgid ? `process ${pid}` : `thread ${pid} of process ${tgid}`;
  return [segment(`=== ${who} is ${printable(comm)}, child of ${parent}`, 'task')];
}
