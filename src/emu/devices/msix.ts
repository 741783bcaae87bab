import { bytesField, type StateValue } from './device.ts';

/** Message control (PCI Local Bus 3.0, 6.8.2). */
const ENABLE = 0x8000;
const MASK_ALL = 0x4000;
const ENTRY_BYTES = 16;
/** In an entry: address, data, vector control with its mask bit. */
const ENTRY = { address: 0, data: 8, control: 12 } as const;
const MASKED = 1;
/** Where the pending bits stand in the BAR; the table stands at 0. */
const PENDING_OFFSET = 0x800;

export const CAPABILITY_MSIX = 0x11;
/** Of the capability's body, what the guest may write: enable and mask all. */
export const MSIX_WRITABLE = Uint8Array.of(0x00, 0xc0);

/** Table and pending bits of MSI-X, as the guest sees them in their BAR. */
export class Msix {
  readonly #table: Uint8Array;
  readonly #pending: Uint8Array;
  readonly #control: () => number;
  readonly #send: (address: number, data: number) => void;

  /** Up to 128 vectors. `control`: the capability's message control as it stands. */
  constructor(vectors: number, control: () => number, send: (address: number, data: number) => void) {
    this.#table = new Uint8Array(vectors * ENTRY_BYTES);
    this.#pending = new Uint8Array(Math.ceil(vectors / 64) * 8);
    this.#control = control;
    this.#send = send;
    this.reset();
  }

  /** What follows id and link in the capability. */
  body(barIndex: number): Uint8Array {
    const body = new Uint8Array(10);
    const view = new DataView(body.buffer);
    view.setUint16(0, this.#table.length / ENTRY_BYTES - 1, true);
    view.setUint32(2, barIndex, true);
    view.setUint32(6, PENDING_OFFSET | barIndex, true);
    return body;
  }

  get enabled(): boolean {
    return (this.#control() & ENABLE) !== 0;
  }

  /** Sends message `vector`, or remembers it while masked. No effect unless enabled. */
  message(vector: number): void {
    const at = vector * ENTRY_BYTES;
    if (!this.enabled || at >= this.#table.length) return;
    const table = new DataView(this.#table.buffer);
    if ((this.#control() & MASK_ALL) !== 0 || (table.getUint32(at + ENTRY.control, true) & MASKED) !== 0) {
      this.#pending[vector >> 3]! |= 1 << (vector & 7);
      return;
    }
    this.#pending[vector >> 3]! &= ~(1 << (vector & 7));
    this.#send(table.getUint32(at + ENTRY.address, true), table.getUint32(at + ENTRY.data, true));
  }

  /** After something was unmasked. */
  sendPending(): void {
    for (const [i, byte] of this.#pending.entries()) {
      for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) this.message(i * 8 + bit);
    }
  }

  read(offset: number, size: number): number {
    const pending = offset >= PENDING_OFFSET;
    const bytes = pending ? this.#pending : this.#table;
    const at = pending ? offset - PENDING_OFFSET : offset;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | (bytes[at + i] ?? 0);
    return value >>> 0;
  }

  write(offset: number, size: number, value: number): void {
    if (offset + size > this.#table.length) return;
    for (let i = 0; i < size; i++) this.#table[offset + i] = value >>> (8 * i);
    this.sendPending();
  }

  reset(): void {
    this.#table.fill(0);
    this.#pending.fill(0);
    for (let at = ENTRY.control; at < this.#table.length; at += ENTRY_BYTES) this.#table[at] = MASKED;
  }

  save(): { msixTable: Uint8Array; msixPending: Uint8Array } {
    return { msixTable: this.#table.slice(), msixPending: this.#pending.slice() };
  }

  restore(state: StateValue): void {
    this.#table.set(bytesField(state, 'msixTable'));
    this.#pending.set(bytesField(state, 'msixPending'));
  }
}
