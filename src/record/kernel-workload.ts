import type { KernelBoot } from '../emu/boot/target.ts';
import type { Stop } from '../emu/devices/device.ts';
import { UserError } from '../emu/errors.ts';
import type { InputLog } from '../emu/input-log.ts';
import { systemReason } from '../trace/system-reason.ts';
import { inputKind } from '../world/devices.ts';
import { Guest } from '../world/guest.ts';
import { SERIAL } from '../world/index.ts';
import { readUntouched } from '../world/open-untouched.ts';
import { Randomness } from '../world/randomness.ts';
import type { KernelOptions, RecordOptions } from './options.ts';
import { kernelHeader } from './trace-header.ts';
import { type Ending, STATUS, type Workload, type WorkloadHeader, type WorkloadHost } from './workload.ts';

const CTRL_A = 1;
const KEY_X = 0x78;
const TERMINAL = inputKind(SERIAL.terminal);

/** A kernel alone, from its first instruction on; its first serial line is the terminal. */
export class KernelWorkload implements Workload {
  readonly guest: Guest;
  readonly phase = 'recording';
  readonly over = false;
  readonly input: Workload['input'];
  readonly header: WorkloadHeader;
  readonly #path: string;
  readonly #boot: KernelBoot;
  #escaped = false;

  /** Throws UserError when a file can't be read. */
  constructor(options: RecordOptions, kernel: KernelOptions, inputs: InputLog, host: WorkloadHost) {
    const randomness = new Randomness(options.seed);
    this.#path = kernel.kernel;
    this.#boot = {
      kernel: readInput('--kernel', kernel.kernel),
      initrd: kernel.initrd === undefined ? undefined : readInput('--initrd', kernel.initrd),
      commandLine: kernel.commandLine,
    };
    this.header = kernelHeader(kernel, this.#boot);
    this.guest = new Guest({
      memory: options.memory,
      vendor: options.vendor,
      processors: options.processors,
      inputs,
      random: (length) => randomness.bytes(length),
      startTime: Math.floor((options.startTime ?? Date.now()) / 1000),
      disk: options.disk,
    });
    const { machine } = this.guest;
    machine.listen(TERMINAL, (bytes) => host.show(1, bytes));
    const raw = process.stdin.isTTY === true;
    if (raw) host.note(`the terminal is the guest's; Ctrl-A x ends the recording`);
    this.input = {
      raw,
      data: (bytes) => (raw ? this.#typed(bytes, host) : machine.offer(TERMINAL, bytes)),
      end: () => {},
      full: () => false,
    };
  }

  /** Loads the kernel. Throws UserError when it is none that this machine can start. */
  async boot(): Promise<undefined> {
    try {
      this.guest.boot(this.#boot);
    } catch (error) {
      if (error instanceof UserError) throw new UserError(`--kernel ${this.#path}: ${error.message}`);
      throw error;
    }
  }

  start(): void {}

  resize(): void {}

  /** The debug-exit port's status is what QEMU's isa-debug-exit would make of it. */
  stopped(stop: Stop): Ending {
    const status = stop.kind === 'debug-exit' ? ((stop.code << 1) | 1) & 0xff : 0;
    return { status, reason: stop.kind, message: '' };
  }

  halted(): Ending {
    return { status: 0, reason: 'halted', message: '' };
  }

  ending(): Ending {
    return { status: STATUS.failed, reason: 'exit', message: '' };
  }

  close(): void {}

  /** Keys of a raw terminal. Ctrl-A announces a key for us: x ends, a second Ctrl-A is the guest's. */
  #typed(bytes: Uint8Array, host: WorkloadHost): void {
    const keys: number[] = [];
    for (const key of bytes) {
      const escaped = this.#escaped;
      this.#escaped = !escaped && key === CTRL_A;
      if (escaped && key === KEY_X) host.interrupt();
      else if (!this.#escaped) keys.push(key);
    }
    if (keys.length > 0) this.guest.machine.offer(TERMINAL, Uint8Array.from(keys));
  }
}

function readInput(flag: string, path: string): Uint8Array {
  try {
    return readUntouched(path);
  } catch (error) {
    throw new UserError(`${flag} ${path}: ${systemReason(error) ?? "can't be read"}`);
  }
}
