import { fstatSync, openSync, readSync } from 'node:fs';
import type { BlockSource } from '../emu/devices/virtio/blk.ts';
import { UserError } from '../emu/errors.ts';
import { systemReason } from '../trace/system-reason.ts';

const SECTOR = 512;

/** A raw disk image of the host, only ever read. Throws UserError when it can't be opened. */
export function openDisk(path: string): BlockSource {
  try {
    const fd = openSync(path, 'r');
    return {
      sectors: Math.floor(fstatSync(fd).size / SECTOR),
      read: (sector, count) => {
        const bytes = new Uint8Array(count * SECTOR);
        readSync(fd, bytes, 0, bytes.length, sector * SECTOR);
        return bytes;
      },
    };
  } catch (error) {
    throw new UserError(`can't open the disk image ${path}: ${systemReason(error) ?? String(error)}`);
  }
}
