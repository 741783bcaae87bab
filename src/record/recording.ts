import { once } from 'node:events';
import { lstatSync, rmSync } from 'node:fs';
import { setImmediate as yieldToHost } from 'node:timers/promises';
import { UserError } from '../emu/errors.ts';
import { type InputEntry, RecordingInputs } from '../emu/input-log.ts';
import { EXIT } from '../emu/layout.ts';
import type { Outcome } from '../emu/machine.ts';
import { stateHash } from '../emu/state-hash.ts';
import { systemReason } from '../trace/system-reason.ts';
import { SLICE } from '../world/guest.ts';
import { type GuestFacts, readGuestFacts, UNKNOWN_GUEST } from '../world/guest-facts.ts';
import { CommandWorkload } from './command-workload.ts';
import { HostInput, windowSize, writeAll } from './console.ts';
import { Introspector } from './introspection.ts';
import { kernelNames } from './kernel-names.ts';
import { KernelWorkload } from './kernel-workload.ts';
import type { RecordOptions } from './options.ts';
import { ProgressLine } from './progress.ts';
import { stateParts } from './state-parts.ts';
import type { EndReport } from './trace-file.ts';
import { machineFacts, profileFacts, traceHeader } from './trace-header.ts';
import { armEarlyTraps, armTraps, isFirstCall } from './traps/index.ts';
import { mmioTrap } from './traps/mmio.ts';
import { portIoTrap } from './traps/port-io.ts';
import { DEFAULT_LIMITS } from './traps/syscall-captures.ts';
import { type Ending, SIGNAL_STATUS, STATUS, type Workload, type WorkloadHost } from './workload.ts';
import { TraceWriterHandle } from './writer.ts';

/** One run of a guest with its trace. */
class Recording implements WorkloadHost {
  readonly #options: RecordOptions;
  readonly #inputs: RecordingInputs;
  readonly #workload: Workload;
  readonly #progress: ProgressLine;
  readonly #introspector = new Introspector();
  #hostInput: HostInput | undefined;
  #writer: TraceWriterHandle | undefined;
  #entries: InputEntry[] = [];
  #facts: GuestFacts | undefined;
  #ending: Ending | undefined;
  #interruption: Ending | undefined;
  /** Of the host's outputs, those that took no more. */
  readonly #unwritable = new Set<1 | 2>();
  #wakeUp = new AbortController();

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#progress = new ProgressLine(process.stderr.isTTY === true && !options.quiet);
    this.#inputs = new RecordingInputs((entry) => this.#entries.push(entry));
    const { workload } = options;
    this.#workload =
      workload.kind === 'command'
        ? new CommandWorkload(options, workload, this.#inputs, this)
        : new KernelWorkload(options, workload, this.#inputs, this);
  }

  note(line: string): void {
    this.#progress.clear();
    process.stderr.write(`trapline: ${line}\n`);
  }

  show(fd: 1 | 2, bytes: Uint8Array): boolean {
    this.#progress.clear();
    if (this.#unwritable.has(fd)) return false;
    try {
      return writeAll(fd, bytes);
    } catch (error) {
      this.#unwritable.add(fd);
      this.note(`can't write to standard ${fd === 1 ? 'output' : 'error'}: ${systemReason(error) ?? String(error)}`);
      return false;
    }
  }

  interrupt(signal: keyof typeof SIGNAL_STATUS = 'SIGINT'): void {
    this.#interruption ??= { status: SIGNAL_STATUS[signal], reason: 'interrupt', message: 'interrupted' };
    this.#wakeUp.abort();
  }

  forgetInputs(): void {
    this.#entries = [];
  }

  /** Resolves to the exit status. */
  async run(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.interrupt(signal as keyof typeof SIGNAL_STATUS);
    for (const signal of Object.keys(SIGNAL_STATUS)) process.on(signal, onSignal);
    try {
      this.#facts = await this.#workload.boot();
      return await this.#record();
    } finally {
      this.#hostInput?.stop();
      this.#progress.clear();
      this.#workload.close();
      for (const signal of Object.keys(SIGNAL_STATUS)) process.off(signal, onSignal);
    }
  }

  async #record(): Promise<number> {
    const header = traceHeader(this.#options, this.#workload);
    const writer = await TraceWriterHandle.open(this.#options.output, header);
    this.#writer = writer;
    try {
      return await this.#recordTo(writer);
    } catch (error) {
      await this.#giveUp(writer, error);
      throw error;
    }
  }

  async #recordTo(writer: TraceWriterHandle): Promise<number> {
    const { core } = this.#workload.guest.machine;
    if (this.#options.snapshot) {
      this.forgetInputs();
      for (const part of stateParts(this.#workload.guest.machine)) writer.addSnapshotPart(part);
    }
    writer.attach(core.memory);
    if (this.#facts !== undefined) this.#armWith(this.#facts);
    else armEarlyTraps(core, this.#options.traps, this.#options.watches);
    this.#workload.start();
    const { input } = this.#workload;
    this.#hostInput = new HostInput(
      {
        data: (bytes) => {
          input.data(bytes);
          this.#wakeUp.abort();
        },
        end: () => {
          input.end();
          this.#wakeUp.abort();
        },
        full: () => input.full(),
      },
      input.raw,
    );
    const onResize = (): void => {
      const size = windowSize();
      if (size !== undefined) this.#workload.resize(size);
    };
    process.stdout.on('resize', onResize);
    this.#hostInput.start();
    const ending = (await this.drive(() => this.#workload.over)) ?? this.#workload.ending();
    process.stdout.off('resize', onResize);
    this.#hostInput.stop();
    await this.#close(writer, ending);
    return ending.status;
  }

  /** What is known of the guest goes into the trace, and all traps are in force from here on. */
  #armWith(facts: GuestFacts): void {
    this.#facts = facts;
    this.#writer?.addProfile(profileFacts(facts));
    const { traps, watches, captureLimit } = this.#options;
    const { machine } = this.#workload.guest;
    this.#addMachineFacts();
    armTraps(machine.core, traps, facts, { ...DEFAULT_LIMITS, data: captureLimit }, { watches, machine });
    if (facts.currentTask === undefined)
      this.note('this kernel does not tell its tasks apart; calls are recorded without process names');
  }

  /** Names for what events say by number: the watches, and the windows and ports of devices where they stand now. */
  #addMachineFacts(): void {
    const { traps, watches } = this.#options;
    const { bus } = this.#workload.guest.machine;
    const windows = traps.includes(mmioTrap) ? bus.memoryWindows() : [];
    const ports = traps.includes(portIoTrap) ? bus.portRanges() : [];
    this.#writer?.addProfile(machineFacts(watches, windows, ports));
  }

  /** Runs the machine until `done` says so or it ends by itself; lets the host's events in between slices. */
  async drive(done: () => boolean): Promise<Ending | undefined> {
    const { machine } = this.#workload.guest;
    // Exits end no slice: where a recording ends must not depend on how fast its records are read.
    let cut = false;
    while ((cut || !done()) && this.#ending === undefined) {
      const end = machine.icount - (machine.icount % SLICE) + SLICE;
      const outcome = machine.run({ icount: end, reportIdle: this.#hostInput?.open === true });
      this.#flushInputs();
      cut = outcome.kind === 'exit';
      if (!cut && done()) return undefined;
      await this.#react(outcome);
      this.#progress.show(() => ({
        phase: this.#workload.phase,
        instructions: machine.icount,
        events: this.#writer?.progress.events ?? 0,
      }));
      await yieldToHost();
      this.#ending ??= this.#interruption;
      const failure = this.#writer?.failure;
      if (failure !== undefined) this.#ending = failed('write-error', failure);
    }
    return this.#ending;
  }

  async #react(outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case 'limit':
        return;
      case 'idle':
        await this.#idle(outcome.until);
        return;
      case 'exit':
        this.#exited(outcome.reason);
        return;
      case 'stopped':
        this.#ending = this.#workload.stopped(outcome.stop);
        return;
      case 'halted':
        this.#ending = this.#workload.halted();
        return;
      case 'shutdown':
        this.#ending = failed('shutdown', 'the guest ended in a triple fault');
        return;
    }
  }

  #exited(reason: number): void {
    const { machine } = this.#workload.guest;
    if (reason === EXIT.ringFull) this.#writer?.waitForRoom();
    // The kernel is up, and shall tell what it is before its first call is recorded.
    else if (this.#facts === undefined && isFirstCall(reason)) this.#armWith(readGuestFacts(machine) ?? UNKNOWN_GUEST);
    else if (reason === EXIT.vmfunc) this.#triggered();
    else this.#ending = failed('exit', `unexpected exit ${reason} of the core`);
  }

  /** The guest asks to be looked at; it goes on behind its VMFUNC. */
  #triggered(): void {
    const { machine } = this.#workload.guest;
    const trigger = Number(machine.core.get64('exitQualification'));
    this.#writer?.addProfile([this.#introspector.take(machine, trigger)]);
    machine.core.completeExit();
  }

  /** Nothing to do for the guest: real time passes as long as the host may still say something, else it is skipped. */
  async #idle(until: number | undefined): Promise<void> {
    const { machine } = this.#workload.guest;
    if (until === undefined && this.#hostInput?.open !== true) {
      this.#ending = failed('idle', 'the guest waits for something that can never come');
      return;
    }
    const started = performance.now();
    const wait = until === undefined ? undefined : Math.max(0, (until - machine.now()) / 1e6);
    await this.#sleep(wait);
    machine.passIdleTime((performance.now() - started) * 1e6);
  }

  async #sleep(milliseconds: number | undefined): Promise<void> {
    this.#wakeUp = new AbortController();
    if (this.#interruption !== undefined) return;
    const timer = milliseconds === undefined ? undefined : setTimeout(() => this.#wakeUp.abort(), milliseconds);
    await once(this.#wakeUp.signal, 'abort');
    clearTimeout(timer);
  }

  #flushInputs(): void {
    if (this.#entries.length === 0) return;
    this.#writer?.addInputs(this.#entries);
    this.#entries = [];
  }

  async #close(writer: TraceWriterHandle, ending: Ending): Promise<void> {
    this.#progress.clear();
    this.#addMachineFacts();
    const { machine } = this.#workload.guest;
    while (!machine.core.tellPages() && writer.waitForRoom());
    const names = kernelNames(machine, await writer.kernelAddresses(), this.#options.watches);
    const totals = await writer.close(this.#report(ending, stateHash(machine)), names);
    const { failure } = writer;
    if (failure !== undefined) throw new UserError(failure);
    if (this.#ending !== undefined && ending.message !== '') this.note(ending.message);
    if (!this.#options.quiet && totals !== undefined) {
      this.note(`${totals.calls} calls in ${this.#options.output} (${totals.bytes} bytes)`);
    }
  }

  #report({ status, reason, message }: Ending, hash: string): EndReport {
    const { machine } = this.#workload.guest;
    return {
      exitStatus: status,
      ...{ reason, message, instructions: machine.icount, time: machine.now(), totals: {} },
      stateSha256: Buffer.from(hash, 'hex'),
    };
  }

  /** What the recording can't go on after is in the trace's end; a trace with nothing in it does not stay. */
  async #giveUp(writer: TraceWriterHandle, error: unknown): Promise<void> {
    const ending = failed('error', error instanceof Error ? error.message : String(error));
    const totals = await writer.close(this.#report(ending, ''));
    const { output } = this.#options;
    if (totals?.events === 0 && lstatSync(output).isFile()) rmSync(output);
  }
}

function failed(reason: string, message: string): Ending {
  return { status: STATUS.failed, reason, message };
}

/** Records as the options say. Resolves to the exit status: the guest's, or one of our own with a message shown. */
export async function record(options: RecordOptions): Promise<number> {
  return new Recording(options).run();
}
