import { UserError } from '../emu/errors.ts';
import { Divergence } from '../emu/input-log.ts';
import type { Machine, RunLimit } from '../emu/machine.ts';
import { stateHash } from '../emu/state-hash.ts';
import { allowVmFunctions } from '../emu/vm-functions.ts';
import { EVENT_KIND, REGISTER } from '../trace/event.ts';
import { TraceEvent, type TraceReader } from './reader.ts';
import { type StartFiles, startMachine } from './start-state.ts';
import type { TraceMoment } from './window.ts';

/**
 * The recorded machine, run again. Nothing is trapped: traps change no state. At every stop the processor is compared
 * with the trace's last call before it, and at the end the whole machine with the hash that the trace holds.
 */
export class Reexecution {
  readonly machine: Machine;
  readonly reader: TraceReader;

  /** Stands where the recording began. Throws UserError when that state can't be had. */
  constructor(reader: TraceReader, files: StartFiles = {}) {
    this.reader = reader;
    this.machine = startMachine(reader, files);
    if (reader.header.traps.includes('vmfunc')) allowVmFunctions(this.machine.core);
  }

  /**
   * Runs up to a moment, which must not lie before where it stands; the end by default. Throws UserError when the
   * moment is not in the trace, or when this run differs from the recorded one: the message says where.
   */
  runTo(moment?: TraceMoment): void {
    try {
      this.#runTo(moment);
    } catch (error) {
      if (error instanceof Divergence)
        throw new UserError(`the re-execution differs from the recording: ${error.message}`);
      throw error;
    }
  }

  /** Whether a moment lies at or behind where the machine stands. */
  canReach(moment?: TraceMoment): boolean {
    if (moment === undefined) return true;
    if (moment.by === 'icount') return moment.value >= this.machine.icount;
    return (moment.by === 'event' ? this.#eventTime(moment.value) : moment).value >= this.machine.now();
  }

  #runTo(moment: TraceMoment | undefined): void {
    const { end } = this.reader;
    const limit = this.#limit(moment);
    const event = this.#lastEvent(limit);
    if (event !== undefined && event.time >= this.machine.now()) {
      this.#drive({ time: event.time });
      this.#checkEvent(event);
    }
    this.#drive(limit);
    if (end !== undefined && this.machine.now() === end.time) this.#checkEnd();
  }

  /** By virtual time where it is known: it moves on even while the processor is halted. */
  #limit(moment: TraceMoment | undefined): RunLimit {
    const { end, index } = this.reader;
    const { machine } = this;
    if (moment === undefined) {
      if (end !== undefined) return { time: end.time };
      const last = index.at(-1)?.summary;
      if (last === undefined)
        throw new UserError('the trace was cut off before its first event: say a moment with --at');
      return this.#limit({ by: 'event', value: last.firstEvent + last.count - 1 });
    }
    const wanted = moment.by === 'event' ? this.#eventTime(moment.value) : moment;
    const now = wanted.by === 'time' ? machine.now() : machine.icount;
    if (wanted.value < now)
      throw new UserError(`--at: the recording begins at instruction ${machine.icount} (${machine.now() / 1e9}s)`);
    const last = wanted.by === 'time' ? end?.time : end?.instructions;
    if (last !== undefined && wanted.value > last)
      throw new UserError(`--at: the recording ends at instruction ${end!.instructions} (${end!.time / 1e9}s)`);
    return wanted.by === 'time' ? { time: wanted.value } : { icount: wanted.value };
  }

  #eventTime(number: number): { by: 'time'; value: number } {
    for (const entry of this.reader.index) {
      const { firstEvent, count } = entry.summary;
      if (number < firstEvent || number >= firstEvent + count) continue;
      const chunk = this.reader.chunk(entry);
      if (chunk !== undefined) return { by: 'time', value: chunk.time(number - firstEvent) };
    }
    throw new UserError(`--at #${number}: the trace has no such event`);
  }

  /** The last system call's entry or return: there the processor stands exactly where the event says. */
  #lastEvent({ icount, time }: RunLimit): TraceEvent | undefined {
    const before = this.reader.index.filter(({ summary }) =>
      icount === undefined ? summary.time[0] <= BigInt(Math.floor(time!)) : summary.icount[0] <= BigInt(icount),
    );
    const entry = before.at(-1);
    const chunk = entry && this.reader.chunk(entry);
    if (chunk === undefined) return undefined;
    for (let row = chunk.count - 1; row >= 0; row--) {
      if (chunk.kind(row) > EVENT_KIND.callReturn) continue;
      if (icount === undefined ? chunk.time(row) <= time! : chunk.icount(row) <= icount)
        return new TraceEvent(chunk, row);
    }
    return undefined;
  }

  #drive(limit: RunLimit): void {
    const { machine } = this;
    const reached = (): boolean =>
      limit.time === undefined ? machine.icount >= limit.icount! : machine.now() >= limit.time;
    while (!reached()) {
      const outcome = machine.run(limit);
      if (outcome.kind === 'limit' || reached()) return;
      // The recording went on while it could do nothing: time passed up to an input, or to its end.
      if (outcome.kind === 'idle' && limit.time !== undefined) machine.passIdleTime(limit.time - machine.now());
      else if (outcome.kind !== 'idle')
        throw new Divergence(`the machine stops (${outcome.kind}) at instruction ${machine.icount}`);
      if (outcome.kind === 'idle' && limit.time === undefined)
        throw new UserError(`--at: instruction ${limit.icount} never comes: the guest idles from ${machine.icount} on`);
    }
  }

  #checkEvent(event: TraceEvent): void {
    const vcpu = this.machine.processors.all[event.vcpu];
    if (vcpu === undefined) throw new Divergence(`event #${event.number} is of virtual CPU ${event.vcpu}`);
    const names = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'];
    const pairs: (readonly [string, bigint, bigint])[] = [
      ['instruction count', BigInt(event.icount), BigInt(this.machine.icount)],
      ['rip', event.rip, vcpu.get64('rip')],
      ...Array.from({ length: 16 }, (_, i) => [names[i] ?? `r${i}`, event.register(i), vcpu.get64('gpr', i)] as const),
      ['cr3', event.register(REGISTER.cr3), vcpu.get64('cr3')],
    ];
    const wrong = pairs.find(([, recorded, now]) => recorded !== now);
    if (wrong === undefined) return;
    const [name, recorded, now] = wrong;
    throw new Divergence(
      `at event #${event.number}, instruction ${event.icount}, ${name} is ${hex(now)}, recorded was ${hex(recorded)}`,
    );
  }

  #checkEnd(): void {
    const recorded = Buffer.from(this.reader.end!.stateSha256).toString('hex');
    if (recorded === '') return;
    const found = stateHash(this.machine);
    if (found !== recorded)
      throw new Divergence(
        `at its end, instruction ${this.machine.icount}, the state is ${found}, recorded was ${recorded}`,
      );
  }
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
