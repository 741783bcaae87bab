/**
 * Turns raw records into `EventChunk` messages; proto/trace.proto says how each column is coded. The columns are made in
 * WebAssembly (encoder/), in memory of a fixed size: it compares 128 bits at once and never meets a value it must allocate for.
 */
import { readFileSync } from 'node:fs';
import { packageFile } from '../package-file.ts';
import { type CallGroupContent, type CallIndex, packGroups } from '../trace/call-index.ts';
import { EVENT_KIND, REGISTER_COUNT } from '../trace/event.ts';
import { trapline } from '../trace/generated/trace.js';
import { type ChunkSummary, summaryToMessage } from '../trace/summary.ts';

interface EncoderExports {
  readonly memory: WebAssembly.Memory;
  input(): number;
  inputBytes(): number;
  firstRecordBytes(): number;
  encode(length: number): number;
  full(): number;
  clear(): void;
  eventCount(): number;
  unattributedCount(): bigint;
  columnBegin(column: number): number;
  columnEnd(column: number): number;
  bound(which: number): bigint;
  taskCount(): number;
  taskPointer(row: number): bigint;
  siteCount(): number;
  siteKind(row: number): number;
  siteEventCount(row: number): number;
  siteRip(row: number): bigint;
  siteCpl(row: number): number;
  valuePlace(): number;
  valueSlots(): number;
  callCount(): number;
  callName(row: number): number;
  callsPutDown(row: number): number;
  callsLeftOut(row: number): number;
  endCalls(): void;
  putCalls(row: number): void;
}

const ENCODER_WASM = packageFile('dist/encoder.wasm');
let compiled: WebAssembly.Module | undefined;

type Copy = (to: number, from: number, length: number) => void;
const COPY_WASM = packageFile('dist/copy.wasm');

/** From one memory to the other; undefined on hosts whose WebAssembly has one memory a module. */
function copier(ring: WebAssembly.Memory, encoder: WebAssembly.Memory): Copy | undefined {
  const imports = { ring: { memory: ring }, encoder: { memory: encoder } };
  try {
    const module = new WebAssembly.Module(readFileSync(COPY_WASM));
    return (new WebAssembly.Instance(module, imports).exports as { readonly copy: Copy }).copy;
  } catch (error) {
    if (error instanceof Error && error.name === 'CompileError') return undefined;
    throw error;
  }
}

/** Columns in the order in which encoder/places.ts numbers them; those of the registers follow, then NAMINGS and CALLS. */
const COLUMNS = [
  'siteDictionary',
  'site',
  'taskDictionary',
  'task',
  'icount',
  'time',
  'patternDictionary',
  'pattern',
  'captureCount',
  'captureShapeDictionary',
  'captureShape',
  'captureAddressSource',
  'captureAddress',
  'captureLength',
  'captureMissing',
  'captureBytes',
] as const;

const NAMINGS = COLUMNS.length + REGISTER_COUNT;
const CALLS = NAMINGS + 1;

/** Bytes of records copied at once: few enough to be still in the nearest cache when they are encoded. */
export const BATCH = 16 << 10;

const unsigned64 = (value: bigint): bigint => BigInt.asUintN(64, value);

const USER = 3;
/** Of instructions of the kernel so many are kept, to be named. */
const MOST_INSTRUCTIONS = 0x1_0000;

/** A chunk as it goes to the trace. */
export interface EncodedChunk {
  /** An `EventChunk`, and its summary. */
  readonly events: Uint8Array;
  readonly summary: ChunkSummary;
  /** Its calls; undefined: there are none that can be told without the events. */
  readonly calls: CallIndex | undefined;
}

/** Kernel addresses that the events of a trace tell. */
export interface KernelAddresses {
  /** Where something happened that is no call. */
  readonly instructions: BigUint64Array;
  /** What was written, or where to, or loaded into a register. */
  readonly values: BigUint64Array;
  /** Instructions that were too many; one that comes in several chunks counts in each. */
  readonly dropped: number;
}

export class ChunkEncoder {
  readonly #wasm: EncoderExports;
  readonly #bytes: Uint8Array;
  readonly #input: number;
  readonly #inputBytes: number;
  #ring: ArrayBufferLike | undefined;
  #copy: Copy | undefined;
  readonly #instructions = new Set<bigint>();
  #dropped = 0;

  constructor() {
    compiled ??= new WebAssembly.Module(readFileSync(ENCODER_WASM));
    this.#wasm = new WebAssembly.Instance(compiled, {}).exports as unknown as EncoderExports;
    this.#bytes = new Uint8Array(this.#wasm.memory.buffer);
    this.#input = this.#wasm.input();
    this.#inputBytes = this.#wasm.inputBytes();
  }

  /** Where records will come from: copied faster than by typed arrays, which go word by word where memory is shared. */
  readFrom(ring: WebAssembly.Memory): void {
    this.#ring = ring.buffer;
    this.#copy = copier(ring, this.#wasm.memory);
  }

  /** Events of the chunk so far. */
  get count(): number {
    return this.#wasm.eventCount();
  }

  /** Calls and returns without a known task, of all chunks. */
  get unattributed(): number {
    return Number(this.#wasm.unattributedCount());
  }

  get full(): boolean {
    return this.#wasm.full() !== 0;
  }

  /**
   * Encodes whole records at the beginning of `records`, until the chunk is full or some of them are done. Returns their
   * bytes: 0 when the chunk is full or the first record is not a whole one.
   */
  add(records: Uint8Array): number {
    // A record that is longer than a batch comes alone.
    return (
      this.#encode(records, BATCH) ||
      this.#encode(records, Math.min(this.#wasm.firstRecordBytes() >>> 0, this.#inputBytes))
    );
  }

  #encode(records: Uint8Array, limit: number): number {
    const length = Math.min(records.length, limit);
    if (this.#copy !== undefined && records.buffer === this.#ring) this.#copy(this.#input, records.byteOffset, length);
    else this.#bytes.set(records.subarray(0, length), this.#input);
    return this.#wasm.encode(length);
  }

  /** What there is. The encoder is empty again. */
  finish(firstEvent: number): EncodedChunk {
    const wasm = this.#wasm;
    const column = (index: number) => this.#column(index);
    const bound = (which: number) => unsigned64(wasm.bound(which));
    const summary: ChunkSummary = {
      firstEvent,
      count: this.count,
      icount: [bound(0), bound(1)],
      time: [bound(2), bound(3)],
      kinds: this.#kinds(),
      tasks: Array.from({ length: wasm.taskCount() }, (_, row) => unsigned64(wasm.taskPointer(row))),
      calls: Array.from({ length: wasm.callCount() }, (_, row) => wasm.callName(row) >>> 0).sort((a, b) => a - b),
      namings: column(NAMINGS).slice(),
    };
    const events = trapline.EventChunk.encode({
      summary: summaryToMessage(summary),
      ...Object.fromEntries(COLUMNS.map((name, index) => [name, column(index)])),
      register: Array.from({ length: REGISTER_COUNT }, (_, register) => column(COLUMNS.length + register)),
    }).finish();
    const calls = this.#calls(firstEvent);
    this.#noteInstructions();
    wasm.clear();
    return { events, summary, calls };
  }

  #column(index: number): Uint8Array {
    return this.#bytes.subarray(this.#wasm.columnBegin(index) >>> 0, this.#wasm.columnEnd(index) >>> 0);
  }

  #calls(firstEvent: number): CallIndex | undefined {
    const wasm = this.#wasm;
    wasm.endCalls();
    const rows = Array.from({ length: wasm.callCount() }, (_, row) => ({ row, call: wasm.callName(row) >>> 0 }));
    const groups = rows
      .sort((a, b) => a.call - b.call)
      .map(({ row, call }): CallGroupContent => {
        const before = this.#column(CALLS).length;
        wasm.putCalls(row);
        const bytes = this.#column(CALLS).subarray(before);
        return { call, count: wasm.callsPutDown(row), others: wasm.callsLeftOut(row), bytes };
      });
    if (groups.every(({ count }) => count === 0)) return undefined;
    return { firstEvent, groups: packGroups(groups), calls: this.#column(CALLS) };
  }

  /** Of all chunks that are finished. */
  get kernelAddresses(): KernelAddresses {
    const { buffer } = this.#wasm.memory;
    const slots = new BigUint64Array(buffer, this.#wasm.valuePlace() >>> 0, this.#wasm.valueSlots());
    return {
      instructions: BigUint64Array.from(this.#instructions),
      values: slots.filter((value) => value !== 0n),
      dropped: this.#dropped,
    };
  }

  /** Calls come from user code, and go back to it. */
  #noteInstructions(): void {
    for (let site = 0; site < this.#wasm.siteCount(); site++) {
      const kind = this.#wasm.siteKind(site);
      if (kind !== EVENT_KIND.exit && kind !== EVENT_KIND.cr3Load) continue;
      if (this.#wasm.siteCpl(site) === USER) continue;
      const rip = unsigned64(this.#wasm.siteRip(site));
      if (this.#instructions.has(rip)) continue;
      if (this.#instructions.size < MOST_INSTRUCTIONS) this.#instructions.add(rip);
      else this.#dropped++;
    }
  }

  #kinds(): Map<number, number> {
    const kinds = new Map<number, number>();
    for (let site = 0; site < this.#wasm.siteCount(); site++) {
      const kind = this.#wasm.siteKind(site);
      kinds.set(kind, (kinds.get(kind) ?? 0) + this.#wasm.siteEventCount(site));
    }
    return new Map([...kinds].sort(([a], [b]) => a - b));
  }
}
