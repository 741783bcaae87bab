import type { Core } from './core-instance.ts';
import type { GuestMemory } from './devices/device.ts';
import { REGION } from './layout.ts';
import type { GuestPhys } from './units.ts';

/** Guest RAM as devices and boot loaders see it. */
export class Ram implements GuestMemory {
  readonly size: number;
  private readonly core: Core;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(core: Core) {
    this.core = core;
    this.size = core.ramSize;
    this.bytes = core.ram;
    this.view = new DataView(core.memory.buffer, REGION.ram.address, core.ramSize);
  }

  contains(address: GuestPhys, length: number): boolean {
    return address >= 0 && length >= 0 && address + length <= this.size;
  }

  read(address: GuestPhys, length: number): Uint8Array {
    return this.contains(address, length) ? this.bytes.subarray(address, address + length) : new Uint8Array(length);
  }

  write(address: GuestPhys, bytes: Uint8Array): void {
    if (!this.contains(address, bytes.length)) return;
    this.change(address, bytes.length, () => this.bytes.set(bytes, address));
  }

  fill(address: GuestPhys, length: number, value: number): void {
    if (!this.contains(address, length)) return;
    this.change(address, length, () => this.bytes.fill(value, address, address + length));
  }

  readU16(address: GuestPhys): number {
    return this.contains(address, 2) ? this.view.getUint16(address, true) : 0;
  }

  readU32(address: GuestPhys): number {
    return this.contains(address, 4) ? this.view.getUint32(address, true) : 0;
  }

  readU64(address: GuestPhys): bigint {
    return this.contains(address, 8) ? this.view.getBigUint64(address, true) : 0n;
  }

  writeU16(address: GuestPhys, value: number): void {
    if (!this.contains(address, 2)) return;
    this.change(address, 2, () => this.view.setUint16(address, value, true));
  }

  writeU32(address: GuestPhys, value: number): void {
    if (!this.contains(address, 4)) return;
    this.change(address, 4, () => this.view.setUint32(address, value, true));
  }

  writeU64(address: GuestPhys, value: bigint): void {
    if (!this.contains(address, 8)) return;
    this.change(address, 8, () => this.view.setBigUint64(address, value, true));
  }

  /** The core learns what changed: code that was decoded from it, and watched memory. */
  private change(address: GuestPhys, length: number, write: () => void): void {
    const watched = this.core.beginDeviceWrite(address, length);
    write();
    this.core.invalidatePhysical(address, length);
    if (watched) this.core.endDeviceWrite(address, length);
  }
}
