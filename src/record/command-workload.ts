import { UserError } from '../emu/errors.ts';
import type { InputLog } from '../emu/input-log.ts';
import { BOOT_SEED, BOOT_TIME, bootKey, type CachedBoot, restoreBoot, storeBoot } from '../world/booted-guest.ts';
import { fileIdentity } from '../world/cache.ts';
import { inputKind, listenTo, machineChannels } from '../world/devices.ts';
import { Guest } from '../world/guest.ts';
import type { GuestFacts } from '../world/guest-facts.ts';
import {
  Collector,
  PORT,
  prepareWorld,
  SERIAL,
  Session,
  shellStatus,
  type WindowSize,
  type World,
} from '../world/index.ts';
import { Randomness } from '../world/randomness.ts';
import { type InputSink, terminals, windowSize } from './console.ts';
import type { CommandOptions, RecordOptions } from './options.ts';
import { commandHeader, startSettings } from './trace-header.ts';
import { type Ending, STATUS, type Workload, type WorkloadHeader, type WorkloadHost } from './workload.ts';

/** Unread bytes in the guest's input port at which the host stops reading its own. */
const INPUT_LIMIT = 1 << 16;

/** What the trace does not know, said to the user and in the trace. */
const LEFT = 'the command left processes that still run: what they do later is not recorded (--linger SECONDS)';

/** One command in a stock Linux guest, which lives on the host's own files. */
export class CommandWorkload implements Workload {
  readonly world: World;
  readonly guest: Guest;
  header: WorkloadHeader;
  readonly input: InputSink & { readonly raw: boolean };
  readonly #options: RecordOptions;
  readonly #session: Session;
  readonly #collector: Collector;
  readonly #bootRandomness = new Randomness(BOOT_SEED);
  readonly #randomness: Randomness;
  readonly #host: WorkloadHost;
  #phase: 'booting' | 'ready' | 'running' | 'over' = 'booting';
  #status: number | undefined;
  #message = '';
  #bootOutput: Uint8Array[] = [];

  /** Throws UserError when the command, a kernel for it or what it lives on can't be had. */
  constructor(options: RecordOptions, command: CommandOptions, inputs: InputLog, host: WorkloadHost) {
    this.#options = options;
    this.#host = host;
    this.#randomness = new Randomness(options.seed);
    const size = windowSize();
    this.world = prepareWorld({
      ...command.world,
      disk: options.disk !== undefined,
      terminal: terminals(),
      ...(size === undefined ? {} : { windowSize: size }),
      note: (line) => host.note(line),
    });
    this.header = commandHeader(command, this.world);
    this.guest = new Guest({
      memory: options.memory,
      vendor: options.vendor,
      processors: options.processors,
      inputs,
      random: (length) => this.#random(length),
      startTime: BOOT_TIME,
      disk: options.disk,
      share: this.world.server,
    });
    this.#collector = new Collector(this.world.collected, (message) => host.note(message));
    this.#session = new Session(machineChannels(this.guest.machine), this.#events());
    listenTo(this.guest.machine, this.#session);
    this.guest.machine.listen(inputKind(SERIAL.terminal), (bytes) => this.#kernelSaid(bytes));
    this.input = this.#inputSink(process.stdin.isTTY === true);
  }

  get phase(): string {
    return this.#phase === 'booting' ? 'booting' : 'recording';
  }

  get over(): boolean {
    return this.#phase === 'over';
  }

  /** Goes on from a cached boot, or boots and fills the cache. Throws UserError when the kernel does not come up. */
  async boot(): Promise<GuestFacts> {
    const { memory, vendor, processors, disk } = this.#options;
    // The kernel looks for partitions as it boots: a disk that has changed is another boot.
    const image = disk === undefined ? '' : fileIdentity(disk);
    const key = bootKey(this.world, { memory, vendor, processors, disk: image });
    const cached = this.#options.cache ? restoreBoot(this.guest, key) : undefined;
    if (cached !== undefined) {
      this.#session.streams = cached.streams;
      this.#phase = 'ready';
      return this.#startsFrom(key, cached);
    }
    const { kernel, initramfs, commandLine } = this.world;
    this.guest.boot({ kernel: kernel.bytes, initrd: initramfs, commandLine });
    const ending = await this.#host.drive(() => this.#phase !== 'booting');
    if (ending !== undefined) this.#explainBoot(ending);
    return this.#startsFrom(key, storeBoot(this.guest, key, this.#session.streams));
  }

  /** The recording begins here: the trace names this state, and holds no inputs from before. */
  #startsFrom(key: string, { facts, state }: CachedBoot): GuestFacts {
    this.header = { ...this.header, settings: { ...this.header.settings, ...startSettings(key, state) } };
    this.#host.forgetInputs();
    return facts;
  }

  start(): void {
    const { startTime } = this.#options;
    this.#session.start(this.world.spec(startTime ?? Date.now(), this.#randomness.bytes(64)));
    this.#phase = 'running';
  }

  resize(size: WindowSize): void {
    this.#session.resize(size);
  }

  stopped(stop: Parameters<Workload['stopped']>[0]): Ending {
    const status = this.#status ?? STATUS.failed;
    const message =
      this.#status === undefined ? `the guest ended (${stop.kind}) before its command did` : this.#message;
    return { status, reason: stop.kind, message };
  }

  halted(): Ending {
    return { status: STATUS.failed, reason: 'halted', message: 'the guest halted with interrupts off' };
  }

  ending(): Ending {
    return { status: this.#status ?? STATUS.failed, reason: 'exit', message: this.#message };
  }

  close(): void {
    this.world.server?.close();
  }

  #random(length: number): Uint8Array {
    const booted = this.#phase === 'running' || this.#phase === 'over';
    return (booted ? this.#randomness : this.#bootRandomness).bytes(length);
  }

  #inputSink(raw: boolean): Workload['input'] {
    return {
      raw,
      data: (bytes) => (raw ? this.#session.type(bytes) : this.#session.input(bytes)),
      end: () => {
        if (!raw) this.#session.endInput();
      },
      full: () => this.guest.pending(PORT.input) > INPUT_LIMIT,
    };
  }

  #events(): ConstructorParameters<typeof Session>[1] {
    const { machine } = this.guest;
    return {
      ready: () => {
        this.#phase = 'ready';
      },
      started: () => {},
      output: (bytes) => this.#show(1, bytes),
      error: (bytes) => this.#show(2, bytes),
      terminal: (bytes) => {
        if (this.#phase !== 'booting') this.#show(process.stdout.isTTY === true ? 1 : 2, bytes);
      },
      exited: (status, left) => {
        this.#status = shellStatus(status);
        if (!left) return;
        this.#message = LEFT;
        if (!this.#options.quiet) this.#host.note(LEFT);
      },
      failed: (status, reason) => {
        this.#status = status;
        this.#message = reason;
        this.#host.note(reason);
      },
      warning: (message) => this.#host.note(message),
      collectEntry: (index, entry) => this.#collector.entry(index, entry),
      collectData: (bytes) => this.#collector.data(bytes),
      collectEnd: (index, errno) => this.#collector.end(index, errno),
      done: () => {
        this.#phase = 'over';
        machine.comeBack();
      },
    };
  }

  #show(fd: 1 | 2, bytes: Uint8Array): void {
    if (!this.#host.show(fd, bytes)) this.#session.endOutput(fd === 1 ? 'output' : 'error');
  }

  /** The first serial line is the kernel's: what it said last explains a boot that failed. */
  #kernelSaid(bytes: Uint8Array): void {
    if (this.#phase === 'booting') this.#bootOutput.push(bytes.slice());
  }

  #explainBoot(ending: Ending): never {
    if (ending.reason === 'interrupt')
      throw new UserError('interrupted while the guest booted; nothing was recorded', ending.status);
    const text = Buffer.concat(this.#bootOutput).toString('latin1').trim().split('\n').slice(-3);
    const said = text.join(' | ').replace(/[^\x20-\x7e]/g, '');
    throw new UserError(
      `the kernel did not come up (${ending.message})${said === '' ? '' : `; its last words: ${said}`}`,
    );
  }
}
