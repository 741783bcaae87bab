import { bootKernel } from '../emu/boot/boot.ts';
import type { KernelBoot } from '../emu/boot/target.ts';
import { encodeStartTime } from '../emu/devices/rtc.ts';
import type { BlockSource } from '../emu/devices/virtio/blk.ts';
import type { VirtioConsole } from '../emu/devices/virtio/console.ts';
import type { InputLog } from '../emu/input-log.ts';
import { Machine, type VENDOR } from '../emu/machine.ts';
import { diskSource, worldDevices } from './devices.ts';
import type { World } from './index.ts';

/** Instructions between two looks at the host: some 10 ms of running. A boot ends at the end of one. */
export const SLICE = 4_000_000;

export interface GuestOptions {
  /** Bytes of RAM. */
  readonly memory: number;
  readonly vendor: keyof typeof VENDOR;
  /** Virtual CPUs, 1 by default. */
  readonly processors?: number | undefined;
  readonly inputs: InputLog;
  /** Random bytes for the guest; they enter through the input log. */
  readonly random: (length: number) => Uint8Array;
  /** Seconds since 1970 at power-on. */
  readonly startTime: number;
  /** A disk image's path, or what stands in for one: in a replay all that is read of it comes from the input log. */
  readonly disk?: string | BlockSource | undefined;
  readonly share?: World['server'];
}

/** A machine with the devices of a recorded guest. */
export class Guest {
  readonly machine: Machine;
  readonly disk: BlockSource | undefined;
  readonly #random: (length: number) => Uint8Array;
  #console: VirtioConsole | undefined;

  /** Throws UserError when the disk can't be opened. */
  constructor(options: GuestOptions) {
    const { share, random } = options;
    const disk = typeof options.disk === 'string' ? diskSource(options.disk) : options.disk;
    this.disk = disk;
    this.#random = random;
    this.machine = new Machine({
      memory: options.memory,
      vendor: options.vendor,
      processors: options.processors ?? 1,
      inputs: options.inputs,
      startTime: () => encodeStartTime(options.startTime),
      entropy: () => random(8),
      devices: (platform, pci) => {
        const { devices, console } = worldDevices(platform, pci, {
          entropy: random,
          disks: disk === undefined ? [] : [disk],
          ...(share === undefined ? {} : { server: (request) => share.handle(request) }),
        });
        this.#console = console;
        return devices;
      },
    });
  }

  /** Loads a kernel into the machine, which has just been reset. Throws UserError when it can't be booted. */
  boot(boot: KernelBoot): void {
    const { core, memory } = this.machine;
    const seed = (): Uint8Array => this.machine.inputs.take('boot.seed', () => this.#random(32));
    bootKernel({ core, memory, seed }, boot);
  }

  /** Bytes sent to a console port that the guest has not read. */
  pending(port: string): number {
    return this.#console?.pending(port) ?? 0;
  }
}
