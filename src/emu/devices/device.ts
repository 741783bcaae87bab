import type { GuestPhys, Nanoseconds } from '../units.ts';

/** What a device's state may be made of; `../state-codec.ts` gives it one canonical byte form. */
export type StateValue =
  | number
  | bigint
  | boolean
  | string
  | null
  | Uint8Array
  | readonly StateValue[]
  | { readonly [key: string]: StateValue };

/**
 * The whole contract of a device. A device claims its ports and windows from the `Platform` in its constructor and
 * holds no state that `save` does not give back: two machines with equal saved states behave alike for ever.
 */
export interface Device {
  /** Unique in a machine: the key of the device's state in snapshots. */
  readonly name: string;
  /** As after power-on. Disarms its timers and lowers its lines. */
  reset(): void;
  save(): StateValue;
  /** Takes over what `save` of the same device gave, its armed timers included. */
  restore(state: StateValue): void;
}

/** Ports by number; `size` is 1, 2 or 4 bytes. A port that nobody claims reads as all ones. */
export interface PortHandler {
  /** The device behind them, for people. */
  readonly name?: string;
  /** The widest access that the device takes, default 4: the bus splits wider ones, low part first. */
  readonly portWidth?: 1 | 2 | 4;
  portRead(port: number, size: number): number;
  portWrite(port: number, size: number, value: number): void;
}

/** A window in physical memory; `size` is 1, 2 or 4 bytes (the bus splits 8-byte accesses, low half first). */
export interface MmioHandler {
  /** The device behind it, for people. */
  readonly name?: string;
  mmioRead(offset: number, size: number): number;
  mmioWrite(offset: number, size: number, value: number): void;
}

/** A claimed range that can be moved and switched off, as PCI BARs are. */
export interface Window {
  /** First port or address, or undefined while the window answers nothing. */
  readonly base: number | undefined;
  place(base: number | undefined): void;
}

/** An interrupt line into the interrupt controllers. Several devices may share one: it is the OR of them. */
export interface Line {
  set(asserted: boolean): void;
}

export interface Timer {
  /** When it fires, or undefined if it is not armed. */
  readonly deadline: Nanoseconds | undefined;
  /** Arms it anew. A deadline that is past fires before the next instruction. */
  arm(deadline: Nanoseconds): void;
  cancel(): void;
}

/** Guest memory as a bus master sees it. Reads outside RAM give zeros, writes there are dropped. */
export interface GuestMemory {
  /** Bytes of RAM, from address 0. */
  readonly size: number;
  contains(address: GuestPhys, length: number): boolean;
  /** The bytes themselves, not a copy: valid until the guest runs on. Don't write through it. */
  read(address: GuestPhys, length: number): Uint8Array;
  /** Writes and makes the core forget code decoded from there. */
  write(address: GuestPhys, bytes: Uint8Array): void;
  fill(address: GuestPhys, length: number, value: number): void;
  readU16(address: GuestPhys): number;
  readU32(address: GuestPhys): number;
  readU64(address: GuestPhys): bigint;
  writeU16(address: GuestPhys, value: number): void;
  writeU32(address: GuestPhys, value: number): void;
  writeU64(address: GuestPhys, value: bigint): void;
}

/** Everything that comes from outside the machine goes through here, so that it can be recorded and played back. */
export interface Inputs {
  /**
   * Something the device needs now (entropy, a share's reply, the time of day). Recording: calls `supply` and logs
   * what it gave. Playing back: gives what was logged, `supply` is not called.
   * `kind` is a short name such as `rtc.start`; it is checked on playback.
   */
  take(kind: string, supply: () => Uint8Array): Uint8Array;
  /** Who gets the bytes that the host offers under `kind` at a moment of its own choosing (console, network). */
  receive(kind: string, sink: (bytes: Uint8Array) => void): void;
}

/** Why the machine itself ended a run; `code` is what the guest wrote to the debug-exit port. */
export type Stop =
  | { readonly kind: 'power-off' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'debug-exit'; readonly code: number };

/** What a machine gives each of its devices. */
export interface Platform {
  readonly memory: GuestMemory;
  readonly inputs: Inputs;
  now(): Nanoseconds;
  /** A timer that calls `fire` at its deadline. Make it in the constructor; equal deadlines fire in order of making. */
  timer(fire: () => void): Timer;
  claimPorts(first: number | undefined, count: number, handler: PortHandler): Window;
  claimMemory(base: GuestPhys | undefined, length: number, handler: MmioHandler): Window;
  /**
   * Line `irq` (0..23): ISA interrupt 0..15 at the PICs, pin of the same number at the IOAPIC (pin 2 for interrupt 0).
   * Call it once for each device that drives the line.
   */
  line(irq: number): Line;
  /** Delivers a message-signalled interrupt. */
  messageInterrupt(address: number, data: number): void;
  /** Ends the run after the present instruction. */
  stop(stop: Stop): void;
  /** Gives bytes to whoever listens to the machine under this name (console output, exit codes). */
  emit(kind: string, bytes: Uint8Array): void;
}

/** Typed access to what `restore` gets; throws if the snapshot does not fit the device. */
export function stateFields(state: StateValue): { readonly [key: string]: StateValue } {
  if (state === null || typeof state !== 'object' || state instanceof Uint8Array || Array.isArray(state)) {
    throw new Error('the saved state of a device is not a record');
  }
  return state as { readonly [key: string]: StateValue };
}

export function numberField(state: StateValue, name: string): number {
  const value = stateFields(state)[name];
  if (typeof value !== 'number') throw new Error(`the saved state has no number ${name}`);
  return value;
}

export function bytesField(state: StateValue, name: string): Uint8Array {
  const value = stateFields(state)[name];
  if (!(value instanceof Uint8Array)) throw new Error(`the saved state has no bytes ${name}`);
  return value;
}

/** A timer's saved deadline: null if it was not armed. */
export function restoreTimer(timer: Timer, saved: StateValue | undefined): void {
  if (typeof saved === 'number') timer.arm(saved);
  else timer.cancel();
}
