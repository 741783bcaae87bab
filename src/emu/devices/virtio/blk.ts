import type { Platform, StateValue } from '../device.ts';
import { stateFields } from '../device.ts';
import type { VirtioModel, VirtioQueues } from './model.ts';
import type { Chain } from './queue.ts';
import { VirtioPci } from './transport.ts';

const DEVICE_TYPE = 2;
const QUEUE_SIZE = 128;
const SECTOR = 512;
const FEATURE = { segMax: 1n << 2n, blkSize: 1n << 6n, flush: 1n << 9n } as const;
/** Request types and results (virtio 1.0, 5.2.6). */
const REQUEST = { in: 0, out: 1, flush: 4, getId: 8 } as const;
const RESULT = { ok: 0, ioError: 1, unsupported: 2 } as const;
const ID_BYTES = 20;
/** Written sectors are kept in pages of eight, each with a bit a valid sector. */
const PAGE_SECTORS = 8;

/** A disk image that is only ever read. */
export interface BlockSource {
  readonly sectors: number;
  /** `count` sectors from `sector` on; both are within the disk. */
  read(sector: number, count: number): Uint8Array;
}

interface Page {
  valid: number;
  readonly bytes: Uint8Array;
}

/**
 * Block device (virtio 1.0, 5.2). Writes stay in memory and in snapshots, the source is never written. What is read
 * from the source enters through the input log as `<name>.read`.
 */
export function virtioBlk(platform: Platform, name: string, source: BlockSource): VirtioPci {
  return new VirtioPci(platform, name, new BlockModel(platform, name, source));
}

class BlockModel implements VirtioModel {
  readonly type = DEVICE_TYPE;
  readonly classCode = 0x01_0000;
  readonly features = FEATURE.segMax | FEATURE.blkSize | FEATURE.flush;
  readonly queueSizes = [QUEUE_SIZE];
  readonly config = new Uint8Array(24);
  private readonly platform: Platform;
  private readonly name: string;
  private readonly source: BlockSource;
  private readonly pages = new Map<number, Page>();

  constructor(platform: Platform, name: string, source: BlockSource) {
    this.platform = platform;
    this.name = name;
    this.source = source;
    const view = new DataView(this.config.buffer);
    view.setBigUint64(0, BigInt(source.sectors), true);
    view.setUint32(12, QUEUE_SIZE - 2, true);
    view.setUint32(20, SECTOR, true);
  }

  notified(index: number, queues: VirtioQueues): void {
    for (let chain = queues.pop(index); chain !== undefined; chain = queues.pop(index)) {
      queues.push(index, chain, this.serve(chain));
    }
  }

  /** The driver's reset does not undo its writes. */
  reset(): void {}

  save(): StateValue {
    const pages = [...this.pages].sort(([a], [b]) => a - b);
    return { pages: pages.map(([number, { valid, bytes }]) => ({ number, valid, bytes: bytes.slice() })) };
  }

  restore(state: StateValue): void {
    this.pages.clear();
    for (const page of stateFields(state).pages as readonly StateValue[]) {
      const { number, valid, bytes } = stateFields(page);
      this.pages.set(number as number, { valid: valid as number, bytes: (bytes as Uint8Array).slice() });
    }
  }

  /** Returns the bytes written to the chain; the last writable byte is the result. */
  private serve(chain: Chain): number {
    const room = chain.writableLength - 1;
    if (room < 0) return 0;
    const request = chain.read();
    const finish = (result: number, written: number): number => {
      chain.write(Uint8Array.of(result), room);
      return result === RESULT.ok ? written + 1 : room + 1;
    };
    if (request.length < 16) return finish(RESULT.ioError, 0);
    const view = new DataView(request.buffer);
    const sector = Number(view.getBigUint64(8, true));
    const data = request.subarray(16);
    switch (view.getUint32(0, true)) {
      case REQUEST.in:
        if (!this.within(sector, room)) return finish(RESULT.ioError, 0);
        return finish(RESULT.ok, chain.write(this.read(sector, room / SECTOR)));
      case REQUEST.out:
        if (!this.within(sector, data.length)) return finish(RESULT.ioError, 0);
        this.write(sector, data);
        return finish(RESULT.ok, 0);
      case REQUEST.flush:
        return finish(RESULT.ok, 0);
      case REQUEST.getId: {
        const id = new Uint8Array(ID_BYTES);
        id.set(new TextEncoder().encode(this.name).subarray(0, ID_BYTES));
        return finish(RESULT.ok, chain.write(id.subarray(0, Math.min(ID_BYTES, room))));
      }
      default:
        return finish(RESULT.unsupported, 0);
    }
  }

  private within(sector: number, length: number): boolean {
    return length % SECTOR === 0 && sector + length / SECTOR <= this.source.sectors;
  }

  private read(sector: number, count: number): Uint8Array {
    const bytes = this.allWritten(sector, count)
      ? new Uint8Array(count * SECTOR)
      : this.platform.inputs.take(`${this.name}.read`, () => this.source.read(sector, count)).slice();
    for (let i = 0; i < count; i++) {
      const written = this.written(sector + i);
      if (written !== undefined) bytes.set(written, i * SECTOR);
    }
    return bytes;
  }

  private write(sector: number, data: Uint8Array): void {
    for (let i = 0; i * SECTOR < data.length; i++) {
      const number = Math.floor((sector + i) / PAGE_SECTORS);
      const slot = (sector + i) % PAGE_SECTORS;
      let page = this.pages.get(number);
      if (page === undefined) {
        page = { valid: 0, bytes: new Uint8Array(PAGE_SECTORS * SECTOR) };
        this.pages.set(number, page);
      }
      page.valid |= 1 << slot;
      page.bytes.set(data.subarray(i * SECTOR, (i + 1) * SECTOR), slot * SECTOR);
    }
  }

  private allWritten(sector: number, count: number): boolean {
    for (let i = 0; i < count; i++) if (this.written(sector + i) === undefined) return false;
    return true;
  }

  private written(sector: number): Uint8Array | undefined {
    const page = this.pages.get(Math.floor(sector / PAGE_SECTORS));
    const slot = sector % PAGE_SECTORS;
    if (page === undefined || (page.valid & (1 << slot)) === 0) return undefined;
    return page.bytes.subarray(slot * SECTOR, (slot + 1) * SECTOR);
  }
}
