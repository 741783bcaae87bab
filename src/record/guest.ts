import { bootKernel } from '../emu/boot/boot.ts';
import type { Device, Platform } from '../emu/devices/device.ts';
import type { PciBus } from '../emu/devices/pci.ts';
import { encodeStartTime } from '../emu/devices/rtc.ts';
import { virtioBlk } from '../emu/devices/virtio/blk.ts';
import { VirtioConsole } from '../emu/devices/virtio/console.ts';
import { virtioFs } from '../emu/devices/virtio/fs.ts';
import { virtioRng } from '../emu/devices/virtio/rng.ts';
import type { InputLog } from '../emu/input-log.ts';
import { Machine, type VENDOR } from '../emu/machine.ts';
import { openDisk } from './disk.ts';
import type { Randomness } from './randomness.ts';
import { type GuestChannels, PORT, SERIAL, SHARE_TAG, type World } from './world/index.ts';

export interface GuestOptions {
  /** Bytes of RAM. */
  readonly memory: number;
  readonly vendor: keyof typeof VENDOR;
  readonly inputs: InputLog;
  readonly randomness: Randomness;
  /** Seconds since 1970 at power-on. */
  readonly startTime: number;
  readonly disk?: string | undefined;
  readonly share?: World['server'];
}

/** Slot 0 is the host bridge. */
const FIRST_SLOT = 2;
/** Names under which the devices speak with the host. */
const DEVICE = { console: 'console', disk: 'disk', share: 'share', entropy: 'entropy' } as const;
const SERIAL_DEVICE: Readonly<Record<string, string>> = { [SERIAL.terminal]: 'com1', [SERIAL.control]: 'com2' };

/** A machine with the devices of a guest, and the way bytes take to and from its programs. */
export class Guest implements GuestChannels {
  readonly machine: Machine;
  #console: VirtioConsole | undefined;

  constructor(options: GuestOptions) {
    this.machine = new Machine({
      memory: options.memory,
      vendor: options.vendor,
      inputs: options.inputs,
      startTime: () => encodeStartTime(options.startTime),
      entropy: () => options.randomness.bytes(8),
      devices: (platform, pci) => this.#plug(platform, pci, options),
    });
  }

  #plug(platform: Platform, pci: PciBus, options: GuestOptions): Device[] {
    const console = new VirtioConsole(platform, DEVICE.console, Object.values(PORT));
    this.#console = console;
    const { share, disk, randomness } = options;
    const functions = [console.device, virtioRng(platform, DEVICE.entropy, (length) => randomness.bytes(length))];
    if (share !== undefined)
      functions.push(virtioFs(platform, DEVICE.share, SHARE_TAG, (request) => share.handle(request)));
    if (disk !== undefined) functions.push(virtioBlk(platform, DEVICE.disk, openDisk(disk)));
    for (const [i, one] of functions.entries()) pci.plug(FIRST_SLOT + i, one.function);
    return functions;
  }

  /** Loads a kernel into a machine that has just been reset. */
  boot(kernel: Uint8Array, initrd: Uint8Array | undefined, commandLine: string, randomness: Randomness): void {
    const { core, memory } = this.machine;
    const seed = (): Uint8Array => this.machine.inputs.take('boot.seed', () => randomness.bytes(32));
    bootKernel({ core, memory, seed }, { kernel, initrd, commandLine });
  }

  /** Tells `listener` of every byte that a console port or serial line emits, under the channel's name. */
  listen(listener: (channel: string, bytes: Uint8Array) => void): void {
    for (const port of Object.values(PORT)) {
      this.machine.listen(`${DEVICE.console}/${port}`, (bytes) => listener(port, bytes));
    }
    for (const [channel, device] of Object.entries(SERIAL_DEVICE)) {
      this.machine.listen(device, (bytes) => listener(channel, bytes));
    }
  }

  send(channel: string, bytes: Uint8Array): void {
    this.machine.offer(SERIAL_DEVICE[channel] ?? `${DEVICE.console}/${channel}`, bytes);
  }

  close(channel: string): void {
    if (SERIAL_DEVICE[channel] === undefined)
      this.machine.offer(`${DEVICE.console}/${channel}/close`, new Uint8Array(0));
  }

  /** Bytes sent to a port that the guest has not read. */
  pending(channel: string): number {
    return this.#console?.pending(channel) ?? 0;
  }
}
