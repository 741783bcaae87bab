import { once } from 'node:events';
import { setImmediate as yieldToHost } from 'node:timers/promises';
import { UserError } from '../emu/errors.ts';
import { type InputEntry, RecordingInputs } from '../emu/input-log.ts';
import { EXIT } from '../emu/layout.ts';
import type { Outcome } from '../emu/machine.ts';
import { stateHash } from '../emu/state-hash.ts';
import { bootKey, restoreBoot, storeBoot } from './booted-guest.ts';
import { HostInput, terminals, windowSize, writeAll } from './console.ts';
import { Guest } from './guest.ts';
import { type GuestFacts, profileFacts, UNKNOWN_GUEST } from './guest-facts.ts';
import type { RecordOptions } from './options.ts';
import { ProgressLine } from './progress.ts';
import { Randomness } from './randomness.ts';
import { traceHeader } from './trace-header.ts';
import { armSyscallTrap } from './traps/syscall.ts';
import { DEFAULT_LIMITS, writeSyscallCaptures } from './traps/syscall-captures.ts';
import { writeTaskPolicy } from './traps/task-policy.ts';
import { inputKind, listenTo, machineChannels } from './world/devices.ts';
import { Collector, PORT, prepareWorld, SERIAL, Session, shellStatus, type World } from './world/index.ts';
import { TraceWriterHandle } from './writer.ts';

/** Instructions between two looks at the host: some 10 ms of running. */
const SLICE = 4_000_000;
/** Unread bytes in the guest's input port at which the host stops reading its own. */
const INPUT_LIMIT = 1 << 16;
/** The boot's own random bytes and clock are constants: a booted guest is the same for everyone, and cached. */
const BOOT_SEED = 'trapline boot';
const BOOT_TIME = 946_684_800;

/** Statuses of our own, as shells have them. */
const STATUS = { failed: 1, interrupted: 130 } as const;

/** How a recording ended. */
interface Ending {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

/** One run of a guest with its trace. */
class Recording {
  readonly #options: RecordOptions;
  readonly #world: World;
  readonly #guest: Guest;
  readonly #inputs: RecordingInputs;
  readonly #session: Session;
  readonly #collector: Collector;
  readonly #progress: ProgressLine;
  readonly #randomness: Randomness;
  readonly #bootRandomness = new Randomness(BOOT_SEED);
  #hostInput: HostInput | undefined;
  #writer: TraceWriterHandle | undefined;
  #entries: InputEntry[] = [];
  #phase: 'booting' | 'ready' | 'running' | 'over' = 'booting';
  #status: number | undefined;
  #message = '';
  #ending: Ending | undefined;
  #interrupted = false;
  #wakeUp = new AbortController();
  #bootOutput: Uint8Array[] = [];

  constructor(options: RecordOptions) {
    this.#options = options;
    this.#randomness = new Randomness(options.seed);
    this.#progress = new ProgressLine(process.stderr.isTTY === true && !options.quiet);
    this.#world = prepareWorld({
      ...options.world,
      terminal: terminals(),
      ...(windowSize() === undefined ? {} : { windowSize: windowSize()! }),
      note: (line) => this.#note(line),
    });
    this.#inputs = new RecordingInputs((entry) => this.#entries.push(entry));
    this.#guest = new Guest({
      memory: options.memory,
      vendor: options.vendor,
      inputs: this.#inputs,
      random: (length) => this.#random(length),
      startTime: BOOT_TIME,
      disk: options.disk,
      share: this.#world.server,
    });
    this.#collector = new Collector(this.#world.collected, (message) => this.#note(message));
    this.#session = new Session(machineChannels(this.#guest.machine), this.#events());
    listenTo(this.#guest.machine, this.#session);
    this.#guest.machine.listen(inputKind(SERIAL.terminal), (bytes) => this.#kernelSaid(bytes));
  }

  #random(length: number): Uint8Array {
    const booted = this.#phase === 'running' || this.#phase === 'over';
    return (booted ? this.#randomness : this.#bootRandomness).bytes(length);
  }

  #note(line: string): void {
    this.#progress.clear();
    process.stderr.write(`trapline: ${line}\n`);
  }

  #events(): ConstructorParameters<typeof Session>[1] {
    return {
      ready: () => {
        this.#phase = 'ready';
        this.#guest.machine.core.set('exitRequest', 1);
      },
      started: () => {},
      output: (bytes) => this.#show(1, bytes),
      error: (bytes) => this.#show(2, bytes),
      terminal: (bytes) => {
        if (this.#phase !== 'booting') this.#show(process.stdout.isTTY === true ? 1 : 2, bytes);
      },
      exited: (status) => {
        this.#status = shellStatus(status);
      },
      failed: (status, reason) => {
        this.#status = status;
        this.#message = reason;
        this.#note(reason);
      },
      warning: (message) => this.#note(message),
      collectEntry: (index, entry) => this.#collector.entry(index, entry),
      collectData: (bytes) => this.#collector.data(bytes),
      collectEnd: (index, errno) => this.#collector.end(index, errno),
      done: () => {
        this.#phase = 'over';
        this.#guest.machine.core.set('exitRequest', 1);
      },
    };
  }

  #show(fd: 1 | 2, bytes: Uint8Array): void {
    this.#progress.clear();
    if (!writeAll(fd, bytes)) this.#session.endOutput(fd === 1 ? 'output' : 'error');
  }

  /** The first serial line is the kernel's: what it said last explains a boot that failed. */
  #kernelSaid(bytes: Uint8Array): void {
    if (this.#phase === 'booting') this.#bootOutput.push(bytes.slice());
  }

  async run(): Promise<number> {
    const onSignal = (): void => {
      this.#interrupted = true;
      this.#wake();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('SIGHUP', onSignal);
    try {
      const facts = await this.#boot();
      if (facts === undefined) return this.#ending!.status;
      await this.#record(facts);
      return this.#ending!.status;
    } finally {
      this.#hostInput?.stop();
      this.#progress.clear();
      this.#world.server?.close();
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      process.off('SIGHUP', onSignal);
    }
  }

  /** Brings the guest to the point where it waits for its command. */
  async #boot(): Promise<GuestFacts | undefined> {
    const { memory, vendor, disk } = this.#options;
    const key = bootKey(this.#world, { memory, vendor, disk: disk ?? '' });
    const cached = this.#options.cache ? restoreBoot(this.#guest, key) : undefined;
    if (cached !== undefined) {
      this.#session.streams = cached.streams;
      this.#phase = 'ready';
      // What making the machine took from outside went into a state that is gone.
      this.#entries = [];
      return cached.facts;
    }
    this.#guest.boot(this.#world);
    await this.#drive(() => this.#phase !== 'booting');
    if (this.#phase === 'booting') {
      this.#explainBoot();
      return undefined;
    }
    const stored = storeBoot(this.#guest, key, this.#session.streams);
    return stored.facts;
  }

  #explainBoot(): void {
    const ending = this.#ending ?? { status: STATUS.failed, reason: 'boot', message: 'the guest did not start' };
    this.#ending = ending;
    const text = Buffer.concat(this.#bootOutput).toString('latin1').trim().split('\n').slice(-3);
    const said = text.join(' | ').replace(/[^\x20-\x7e]/g, '');
    throw new UserError(
      `the kernel did not come up (${ending.message})${said === '' ? '' : `; its last words: ${said}`}`,
    );
  }

  async #record(facts: GuestFacts): Promise<void> {
    const { machine } = this.#guest;
    const { core } = machine;
    const header = traceHeader(this.#options, this.#world);
    const writer = await TraceWriterHandle.open(this.#options.output, header);
    this.#writer = writer;
    writer.addProfile(profileFacts(facts));
    writer.attach(core.memory.buffer as unknown as SharedArrayBuffer);
    if (this.#options.traps.has('syscall')) {
      writeTaskPolicy(core.memory.buffer, facts);
      writeSyscallCaptures(core.memory.buffer, { ...DEFAULT_LIMITS, data: this.#options.captureLimit });
      armSyscallTrap(core);
    }
    if (facts === UNKNOWN_GUEST || facts.currentTask === undefined)
      this.#note('this kernel does not tell its tasks apart; calls are recorded without process names');
    this.#session.start(this.#world.spec(this.#options.startTime ?? Date.now(), this.#randomness.bytes(64)));
    const raw = process.stdin.isTTY === true;
    this.#hostInput = new HostInput(
      {
        data: (bytes) => {
          if (raw) this.#session.type(bytes);
          else this.#session.input(bytes);
          this.#wake();
        },
        end: () => {
          if (!raw) this.#session.endInput();
          this.#wake();
        },
        full: () => this.#guest.pending(PORT.input) > INPUT_LIMIT,
      },
      raw,
    );
    const onResize = (): void => {
      const size = windowSize();
      if (size !== undefined) this.#session.resize(size);
    };
    process.stdout.on('resize', onResize);
    this.#phase = 'running';
    this.#hostInput.start();
    await this.#drive(() => this.#phase === 'over');
    process.stdout.off('resize', onResize);
    this.#hostInput.stop();
    await this.#close(writer);
  }

  /** Runs the machine until `done` says so or it ends by itself; lets the host's events in between slices. */
  async #drive(done: () => boolean): Promise<void> {
    const { machine } = this.#guest;
    while (!done() && this.#ending === undefined) {
      const outcome = machine.run({ icount: machine.icount + SLICE, reportIdle: this.#hostInput?.open === true });
      this.#flushInputs();
      if (done()) return;
      await this.#react(outcome);
      this.#progress.show(() => ({
        phase: this.#phase === 'booting' ? 'booting' : 'recording',
        instructions: machine.icount,
        events: this.#writer?.progress.events ?? 0,
      }));
      await yieldToHost();
      if (this.#interrupted) this.#ending = { status: STATUS.interrupted, reason: 'interrupt', message: 'interrupted' };
      const failure = this.#writer?.failure;
      if (failure !== undefined) this.#ending = { status: STATUS.failed, reason: 'write-error', message: failure };
    }
  }

  async #react(outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case 'limit':
        return;
      case 'idle':
        await this.#idle(outcome.until);
        return;
      case 'exit':
        if (outcome.reason === EXIT.ringFull) this.#writer?.waitForRoom();
        else
          this.#ending = {
            status: STATUS.failed,
            reason: 'exit',
            message: `unexpected exit ${outcome.reason} of the core`,
          };
        return;
      case 'stopped':
        this.#ending = this.#stopped(outcome.stop);
        return;
      case 'halted':
        this.#ending = { status: STATUS.failed, reason: 'halted', message: 'the guest halted with interrupts off' };
        return;
      case 'shutdown':
        this.#ending = { status: STATUS.failed, reason: 'shutdown', message: 'the guest ended in a triple fault' };
        return;
    }
  }

  #stopped(stop: Extract<Outcome, { kind: 'stopped' }>['stop']): Ending {
    const status = this.#status ?? STATUS.failed;
    const message =
      this.#status === undefined ? `the guest ended (${stop.kind}) before its command did` : this.#message;
    return { status, reason: stop.kind, message };
  }

  /** Nothing to do for the guest: real time passes as long as the host may still say something, else it is skipped. */
  async #idle(until: number | undefined): Promise<void> {
    const { machine } = this.#guest;
    if (until === undefined && this.#hostInput?.open !== true) {
      this.#ending = {
        status: STATUS.failed,
        reason: 'idle',
        message: 'the guest waits for something that can never come',
      };
      return;
    }
    const started = performance.now();
    const wait = until === undefined ? undefined : Math.max(0, (until - machine.now()) / 1e6);
    await this.#sleep(wait);
    machine.passIdleTime((performance.now() - started) * 1e6);
  }

  async #sleep(milliseconds: number | undefined): Promise<void> {
    this.#wakeUp = new AbortController();
    if (this.#interrupted) return;
    const { signal } = this.#wakeUp;
    const waits = [once(signal, 'abort')];
    let timer: NodeJS.Timeout | undefined;
    if (milliseconds !== undefined) {
      timer = setTimeout(() => this.#wakeUp.abort(), milliseconds);
    }
    await Promise.race(waits);
    clearTimeout(timer);
  }

  #wake(): void {
    this.#wakeUp.abort();
  }

  #flushInputs(): void {
    if (this.#entries.length === 0) return;
    if (this.#writer !== undefined) this.#writer.addInputs(this.#entries);
    this.#entries = [];
  }

  async #close(writer: TraceWriterHandle): Promise<void> {
    const { machine } = this.#guest;
    const ending = this.#ending ?? { status: this.#status ?? STATUS.failed, reason: 'exit', message: this.#message };
    this.#ending = ending;
    this.#progress.clear();
    const totals = await writer.close({
      exitStatus: ending.status,
      reason: ending.reason,
      message: ending.message,
      instructions: machine.icount,
      time: machine.now(),
      stateSha256: Buffer.from(stateHash(machine), 'hex'),
      totals: {},
    });
    const { failure } = writer;
    if (failure !== undefined) throw new UserError(failure);
    if (ending.message !== '' && ending.message !== this.#message) this.#note(ending.message);
    if (!this.#options.quiet && totals !== undefined) {
      this.#note(`${totals.calls} calls in ${this.#options.output} (${totals.bytes} bytes)`);
    }
  }
}

/** Records as the options say. Resolves to the exit status: the command's, or one of our own with a message shown. */
export async function record(options: RecordOptions): Promise<number> {
  return new Recording(options).run();
}
