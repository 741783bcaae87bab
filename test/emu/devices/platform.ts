import { Clock } from '../../../src/emu/clock.ts';
import { Bus } from '../../../src/emu/devices/bus.ts';
import type { GuestMemory, Line, Platform, Stop } from '../../../src/emu/devices/device.ts';

/** A platform without processor: time is set by hand, lines and messages are written down. */
export class TestPlatform implements Platform {
  readonly bus = new Bus();
  time = 0;
  readonly clock = new Clock(() => this.time);
  readonly levels = new Map<number, boolean>();
  /** Rising edges by line. */
  readonly edges = new Map<number, number>();
  readonly messages: { address: number; data: number }[] = [];
  readonly emitted = new Map<string, number[]>();
  readonly stops: Stop[] = [];
  readonly supplied: string[] = [];
  private readonly sinks = new Map<string, (bytes: Uint8Array) => void>();
  readonly memory: GuestMemory = new NoMemory();
  readonly inputs = {
    take: (kind: string, supply: () => Uint8Array): Uint8Array => {
      this.supplied.push(kind);
      return supply();
    },
    receive: (kind: string, sink: (bytes: Uint8Array) => void): void => {
      this.sinks.set(kind, sink);
    },
  };

  offer(kind: string, bytes: Uint8Array): void {
    this.sinks.get(kind)!(bytes);
  }

  /** Lets time pass, firing each timer at its own moment. */
  advance(to: number): void {
    while (this.clock.next <= to) {
      this.time = Math.max(this.time, this.clock.next);
      this.clock.fireDue();
    }
    this.time = to;
  }

  in(port: number, size = 1): number {
    return this.bus.portRead(port, size);
  }

  out(port: number, value: number, size = 1): void {
    this.bus.portWrite(port, size, value);
  }

  now(): number {
    return this.time;
  }

  timer(fire: () => void): ReturnType<Clock['timer']> {
    return this.clock.timer(fire);
  }

  claimPorts(...claim: Parameters<Bus['claimPorts']>): ReturnType<Bus['claimPorts']> {
    return this.bus.claimPorts(...claim);
  }

  claimMemory(...claim: Parameters<Bus['claimMemory']>): ReturnType<Bus['claimMemory']> {
    return this.bus.claimMemory(...claim);
  }

  line(irq: number): Line {
    return {
      set: (asserted) => {
        if (asserted && this.levels.get(irq) !== true) this.edges.set(irq, (this.edges.get(irq) ?? 0) + 1);
        this.levels.set(irq, asserted);
      },
    };
  }

  messageInterrupt(address: number, data: number): void {
    this.messages.push({ address, data });
  }

  stop(stop: Stop): void {
    this.stops.push(stop);
  }

  emit(kind: string, bytes: Uint8Array): void {
    this.emitted.set(kind, [...(this.emitted.get(kind) ?? []), ...bytes]);
  }
}

class NoMemory implements GuestMemory {
  readonly size = 0;
  contains(): boolean {
    return false;
  }
  read(_address: number, length: number): Uint8Array {
    return new Uint8Array(length);
  }
  write(): void {}
  fill(): void {}
  readU16(): number {
    return 0;
  }
  readU32(): number {
    return 0;
  }
  readU64(): bigint {
    return 0n;
  }
  writeU16(): void {}
  writeU32(): void {}
  writeU64(): void {}
}
