import type { GuestPhys } from '../units.ts';
import type { MmioHandler, PortHandler, Window } from './device.ts';

const PORTS = 0x1_0000;
const ALL_ONES = [0, 0xff, 0xffff, 0, 0xffff_ffff] as const;

/** Who answers at which port and which physical address. What nobody claims reads as all ones and swallows writes. */
export class Bus {
  private readonly ports: (PortHandler | undefined)[] = new Array(PORTS).fill(undefined);
  private readonly windows: MemoryWindow[] = [];
  private lastWindow: MemoryWindow | undefined;

  portRead(port: number, size: number): number {
    const handler = this.ports[port];
    if (handler === undefined) return size === 1 || port + size > PORTS ? ALL_ONES[size]! : this.readSplit(port, size);
    if (size > (handler.portWidth ?? 4)) return this.readSplit(port, size);
    return handler.portRead(port, size) >>> 0;
  }

  portWrite(port: number, size: number, value: number): void {
    const handler = this.ports[port];
    if (handler === undefined || size > (handler.portWidth ?? 4)) {
      if (size > 1) this.writeSplit(port, size, value);
      return;
    }
    handler.portWrite(port, size, value >>> 0);
  }

  /** Up to four bytes; the caller splits eight. */
  memoryRead(address: GuestPhys, size: number): number {
    const window = this.windowAt(address);
    return window === undefined ? ALL_ONES[size]! : window.handler.mmioRead(address - window.base!, size) >>> 0;
  }

  memoryWrite(address: GuestPhys, size: number, value: number): void {
    const window = this.windowAt(address);
    window?.handler.mmioWrite(address - window.base!, size, value >>> 0);
  }

  claimPorts(first: number | undefined, count: number, handler: PortHandler): Window {
    const { ports } = this;
    let base: number | undefined;
    const window: Window = {
      get base() {
        return base;
      },
      place(next) {
        if (base !== undefined) {
          for (let i = 0; i < count; i++) if (ports[base + i] === handler) ports[base + i] = undefined;
        }
        if (next !== undefined) ports.fill(handler, next, next + count);
        base = next;
      },
    };
    window.place(first);
    return window;
  }

  claimMemory(base: GuestPhys | undefined, length: number, handler: MmioHandler): Window {
    const window = new MemoryWindow(length, handler, () => {
      this.lastWindow = undefined;
    });
    this.windows.push(window);
    window.place(base);
    return window;
  }

  /** The windows that answer now, each with the name of its device. */
  memoryWindows(): { base: GuestPhys; length: number; name: string }[] {
    return this.windows.flatMap(({ base, length, handler }) =>
      base === undefined ? [] : [{ base, length, name: handler.name ?? 'unnamed' }],
    );
  }

  /** The ports that answer now, in runs of one device, each with its name. */
  portRanges(): { base: number; length: number; name: string }[] {
    const ranges: { base: number; length: number; name: string }[] = [];
    for (const [port, handler] of this.ports.entries()) {
      if (handler === undefined) continue;
      const { name = 'unnamed' } = handler;
      const last = ranges.at(-1);
      if (last?.name === name && last.base + last.length === port) last.length++;
      else ranges.push({ base: port, length: 1, name });
    }
    return ranges;
  }

  private windowAt(address: GuestPhys): MemoryWindow | undefined {
    if (this.lastWindow?.holds(address)) return this.lastWindow;
    this.lastWindow = this.windows.find((window) => window.holds(address));
    return this.lastWindow;
  }

  private readSplit(port: number, size: number): number {
    const half = size / 2;
    const low = this.portRead(port, half);
    return (low | (this.portRead((port + half) & 0xffff, half) << (8 * half))) >>> 0;
  }

  private writeSplit(port: number, size: number, value: number): void {
    const half = size / 2;
    this.portWrite(port, half, half === 2 ? value & 0xffff : value & 0xff);
    this.portWrite((port + half) & 0xffff, half, value >>> (8 * half));
  }
}

class MemoryWindow implements Window {
  base: GuestPhys | undefined;
  readonly handler: MmioHandler;
  readonly length: number;
  private readonly moved: () => void;

  constructor(length: number, handler: MmioHandler, moved: () => void) {
    this.length = length;
    this.handler = handler;
    this.moved = moved;
  }

  holds(address: GuestPhys): boolean {
    return this.base !== undefined && address >= this.base && address < this.base + this.length;
  }

  place(base: GuestPhys | undefined): void {
    this.base = base;
    this.moved();
  }
}
