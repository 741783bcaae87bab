import { UserError } from '../emu/errors.ts';
import { RecordingInputs } from '../emu/input-log.ts';
import type { Machine, Outcome } from '../emu/machine.ts';
import { BOOT_SEED, BOOT_TIME } from './booted-guest.ts';
import { inputKind, listenTo, machineChannels } from './devices.ts';
import { Guest, type GuestOptions, SLICE } from './guest.ts';
import { prepareWorld, type WorldOptions } from './index.ts';
import { readUntouched } from './open-untouched.ts';
import { Randomness } from './randomness.ts';
import { SERIAL, Session } from './session.ts';

const TERMINAL = inputKind(SERIAL.terminal);

export interface LiveOptions {
  /** Bytes of RAM; 512 MiB by default. */
  readonly memory?: number;
  readonly vendor?: GuestOptions['vendor'];
  /** Virtual CPUs, 1 to 8; 1 by default. */
  readonly processors?: number;
  /** Path of a raw disk image, never written. */
  readonly disk?: string;
}

export interface KernelFiles {
  /** Path of a bzImage, a PVH, multiboot or ELF kernel. */
  readonly kernel: string;
  readonly initrd?: string;
  /** The kernel's command line. */
  readonly append?: string;
}

/** A guest that runs as its user lets it. The same options give the same run. */
export class LiveGuest {
  readonly machine: Machine;
  /** What the guest's program wrote to standard output and error, or what the kernel alone wrote to its first serial line. */
  output = '';
  /** The command has ended. */
  over = false;

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  /** A kernel alone, loaded and about to execute its first instruction. Throws UserError. */
  static boot(files: KernelFiles, options: LiveOptions = {}): LiveGuest {
    const guest = newGuest(options);
    const live = new LiveGuest(guest.machine);
    guest.machine.listen(TERMINAL, (bytes) => live.#wrote(bytes));
    guest.boot({
      kernel: readInput(files.kernel),
      initrd: files.initrd === undefined ? undefined : readInput(files.initrd),
      commandLine: files.append ?? '',
    });
    return live;
  }

  /** A command in a stock Linux guest, as `trapline record -- CMD` has it: booted, and about to start. Throws UserError. */
  static start(
    command: readonly string[],
    world: Omit<WorldOptions, 'command' | 'environment' | 'directory'> & Partial<WorldOptions> = {},
    options: LiveOptions = {},
  ): LiveGuest {
    const prepared = prepareWorld({
      ...{ environment: process.env, directory: process.cwd(), disk: options.disk !== undefined },
      ...world,
      command,
    });
    const guest = newGuest(options, prepared.server);
    const live = new LiveGuest(guest.machine);
    let ready = false;
    const nothing = (): void => {};
    const session = new Session(machineChannels(guest.machine), {
      ready: () => {
        ready = true;
      },
      output: (bytes) => live.#wrote(bytes),
      error: (bytes) => live.#wrote(bytes),
      terminal: (bytes) => live.#wrote(ready ? bytes : new Uint8Array(0)),
      failed: (_status, reason) => live.#wrote(new TextEncoder().encode(`${reason}\n`)),
      done: () => {
        live.over = true;
      },
      ...{ started: nothing, exited: nothing, warning: nothing },
      ...{ collectEntry: nothing, collectData: nothing, collectEnd: nothing },
    });
    listenTo(guest.machine, session);
    const { kernel, initramfs, commandLine } = prepared;
    guest.boot({ kernel: kernel.bytes, initrd: initramfs, commandLine });
    const outcome = live.run(() => ready);
    if (outcome !== undefined) throw new UserError(`the kernel did not come up (${outcome.kind})`);
    session.start(prepared.spec(BOOT_TIME * 1000, new Randomness(BOOT_SEED).bytes(64)));
    session.endInput();
    return live;
  }

  /**
   * Runs until `done` says so, which is asked every few million instructions; until the command is over by default.
   * Gives the outcome if the machine stopped by itself before.
   */
  run(done: () => boolean = () => this.over): Outcome | undefined {
    while (!done()) {
      const outcome = this.machine.run({ icount: this.machine.icount + SLICE });
      if (outcome.kind !== 'limit') return outcome;
    }
    return undefined;
  }

  #wrote(bytes: Uint8Array): void {
    this.output += Buffer.from(bytes).toString();
  }
}

const MEMORY = 512 << 20;

function newGuest(options: LiveOptions, share?: GuestOptions['share']): Guest {
  const randomness = new Randomness(BOOT_SEED);
  return new Guest({
    memory: options.memory ?? MEMORY,
    vendor: options.vendor ?? 'AuthenticAMD',
    processors: options.processors,
    disk: options.disk,
    inputs: new RecordingInputs(),
    random: (length) => randomness.bytes(length),
    startTime: BOOT_TIME,
    ...(share === undefined ? {} : { share }),
  });
}

function readInput(path: string): Uint8Array {
  try {
    return readUntouched(path);
  } catch {
    throw new UserError(`${path}: can't be read`);
  }
}
