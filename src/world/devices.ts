import { randomFillSync } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import type { Device, Platform } from '../emu/devices/device.ts';
import type { PciBus } from '../emu/devices/pci.ts';
import { type BlockSource, virtioBlk } from '../emu/devices/virtio/blk.ts';
import { VirtioConsole } from '../emu/devices/virtio/console.ts';
import { type FuseServer, virtioFs } from '../emu/devices/virtio/fs.ts';
import { virtioRng } from '../emu/devices/virtio/rng.ts';
import { UserError } from '../emu/errors.ts';
import { openUntouched } from './open-untouched.ts';
import { PORT, SHARE_TAG } from './protocol.ts';
import { type GuestChannels, SERIAL, type Session } from './session.ts';

/** Slots on the PCI bus. A guest's snapshot holds its devices, so places never depend on what else is plugged in. */
const SLOT = { console: 1, rng: 2, share: 3, firstDisk: 8 } as const;
const CONSOLE = 'console';
const SECTOR = 512;

export interface WorldDevicesOptions {
  /** Answers the share's requests. In a replay, and while a guest boots that shares nothing yet, it is never called. */
  readonly server?: FuseServer;
  readonly disks?: readonly BlockSource[];
  /** Random bytes for the guest; the host's own by default. They enter through the input log. */
  readonly entropy?: (length: number) => Uint8Array;
}

export interface WorldDevices {
  readonly devices: readonly Device[];
  readonly console: VirtioConsole;
}

/** Makes the virtio devices and plugs them in: for `MachineOptions.devices`. */
export function worldDevices(platform: Platform, pci: PciBus, options: WorldDevicesOptions): WorldDevices {
  const console = new VirtioConsole(platform, CONSOLE, Object.values(PORT));
  const rng = virtioRng(platform, 'rng', options.entropy ?? ((length) => randomFillSync(new Uint8Array(length))));
  const share = virtioFs(platform, 'share', SHARE_TAG, (request) => options.server?.(request));
  const disks = (options.disks ?? []).map((source, i) => virtioBlk(platform, `disk${i}`, source));
  pci.plug(SLOT.console, console.device.function);
  pci.plug(SLOT.rng, rng.function);
  pci.plug(SLOT.share, share.function);
  for (const [i, disk] of disks.entries()) pci.plug(SLOT.firstDisk + i, disk.function);
  return { devices: [console.device, rng, share, ...disks], console };
}

/** The part of a machine that carries bytes between host and guest. */
export interface MachineInputs {
  offer(kind: string, bytes: Uint8Array): void;
  listen(kind: string, listener: (bytes: Uint8Array) => void): void;
}

/** Channels of a session into a machine with `worldDevices`. */
export function machineChannels(machine: MachineInputs): GuestChannels {
  return {
    send: (channel, bytes) => machine.offer(inputKind(channel), bytes),
    close: (channel) => machine.offer(`${inputKind(channel)}/close`, new Uint8Array(0)),
  };
}

/** Gives the session all that the guest writes. */
export function listenTo(machine: MachineInputs, session: Session): void {
  for (const channel of [...Object.values(PORT), ...Object.values(SERIAL)]) {
    machine.listen(inputKind(channel), (bytes) => session.received(channel, bytes));
  }
}

/** Kind under which a channel's bytes pass through the machine. */
export function inputKind(channel: string): string {
  if (channel === SERIAL.terminal) return 'com1';
  return channel === SERIAL.control ? 'com2' : `${CONSOLE}/${channel}`;
}

/** A disk image or block device of the host, never written. Throws a UserError if it is none. */
export function diskSource(path: string): BlockSource & { close(): void } {
  let descriptor: number;
  try {
    descriptor = openUntouched(path);
  } catch {
    throw new UserError(`--disk ${path}: can't be opened`);
  }
  const status = fstatSync(descriptor);
  if (!status.isFile() || status.size === 0) {
    closeSync(descriptor);
    throw new UserError(`--disk ${path}: not a disk image`);
  }
  return {
    sectors: Math.ceil(status.size / SECTOR),
    read(sector, count) {
      const bytes = new Uint8Array(count * SECTOR);
      for (let at = 0; at < bytes.length; ) {
        const more = readSync(descriptor, bytes, at, bytes.length - at, sector * SECTOR + at);
        if (more === 0) break;
        at += more;
      }
      return bytes;
    },
    close: () => closeSync(descriptor),
  };
}
