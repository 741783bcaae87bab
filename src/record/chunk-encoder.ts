/**
 * Turns raw records into `EventChunk` messages; proto/trace.proto says how each column is coded. The columns are made in
 * WebAssembly (encoder/), in memory of a fixed size: it compares 128 bits at once and never meets a value it must allocate for.
 */
import { readFileSync } from 'node:fs';
import { REGISTER_COUNT } from '../trace/event.ts';
import { trapline } from '../trace/generated/trace.js';
import { type ChunkSummary, summaryToMessage } from '../trace/summary.ts';

interface EncoderExports {
  readonly memory: WebAssembly.Memory;
  input(): number;
  inputBytes(): number;
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
  callCount(): number;
  callAt(index: number): number;
}

const ENCODER_WASM = new URL('../../dist/encoder.wasm', import.meta.url);
let compiled: WebAssembly.Module | undefined;

/** Columns in the order in which encoder/places.ts numbers them; those of the registers follow. */
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

const unsigned64 = (value: bigint): bigint => BigInt.asUintN(64, value);

export class ChunkEncoder {
  readonly #wasm: EncoderExports;
  readonly #bytes: Uint8Array;
  readonly #input: number;
  readonly #inputBytes: number;

  constructor() {
    compiled ??= new WebAssembly.Module(readFileSync(ENCODER_WASM));
    this.#wasm = new WebAssembly.Instance(compiled, {}).exports as unknown as EncoderExports;
    this.#bytes = new Uint8Array(this.#wasm.memory.buffer);
    this.#input = this.#wasm.input();
    this.#inputBytes = this.#wasm.inputBytes();
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
   * Encodes whole records at the beginning of `records`, until the chunk is full or some 256 KiB are done. Returns their
   * bytes: 0 when the chunk is full or the first record is not a whole one.
   */
  add(records: Uint8Array): number {
    const length = Math.min(records.length, this.#inputBytes);
    this.#bytes.set(length === records.length ? records : records.subarray(0, length), this.#input);
    return this.#wasm.encode(length);
  }

  /** The chunk as bytes of an `EventChunk`, and its summary. The encoder is empty again. */
  finish(firstEvent: number): { payload: Uint8Array; summary: ChunkSummary } {
    const wasm = this.#wasm;
    const column = (index: number) => this.#bytes.subarray(wasm.columnBegin(index) >>> 0, wasm.columnEnd(index) >>> 0);
    const bound = (which: number) => unsigned64(wasm.bound(which));
    const summary: ChunkSummary = {
      firstEvent,
      count: this.count,
      icount: [bound(0), bound(1)],
      time: [bound(2), bound(3)],
      kinds: this.#kinds(),
      tasks: Array.from({ length: wasm.taskCount() }, (_, row) => unsigned64(wasm.taskPointer(row))),
      calls: Array.from({ length: wasm.callCount() }, (_, i) => wasm.callAt(i) >>> 0).sort((a, b) => a - b),
    };
    const payload = trapline.EventChunk.encode({
      summary: summaryToMessage(summary),
      ...Object.fromEntries(COLUMNS.map((name, index) => [name, column(index)])),
      register: Array.from({ length: REGISTER_COUNT }, (_, register) => column(COLUMNS.length + register)),
    }).finish();
    wasm.clear();
    return { payload, summary };
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
