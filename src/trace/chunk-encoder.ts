/** Turns events into the columns of an `EventChunk`; proto/trace.proto says how each is coded. */
import { ColumnWriter } from './bytes.ts';
import { EVENT_KIND, type EventRecord, REGISTER, REGISTER_COUNT, REGISTER_WORDS } from './event.ts';
import { trapline } from './generated/trace.js';
import { KeyTable } from './key-table.ts';
import { join64, Range64 } from './range64.ts';
import { type ChunkSummary, callKey, summaryToMessage } from './summary.ts';

/** A chunk is full at so many events, or so many captured bytes. */
export const CHUNK_EVENTS = 65536;
export const CHUNK_CAPTURE_BYTES = 4 << 20;

const WORD = 2 ** 32;

/** The array with element `index` set to 0; a larger one if it had none. */
function begin(array: Uint32Array<ArrayBuffer>, index: number): Uint32Array<ArrayBuffer> {
  let result = array;
  if (index >= array.length) {
    result = new Uint32Array(array.length * 2);
    result.set(array);
  }
  result[index] = 0;
  return result;
}

/** The same for a row of registers. */
function beginRow(rows: Int32Array<ArrayBuffer>, index: number): Int32Array<ArrayBuffer> {
  const end = (index + 1) * REGISTER_WORDS;
  let result = rows;
  if (end > rows.length) {
    result = new Int32Array(rows.length * 2);
    result.set(rows);
  }
  return result.fill(0, end - REGISTER_WORDS, end);
}

export class ChunkEncoder {
  #count = 0;
  readonly #icountRange = new Range64();
  readonly #timeRange = new Range64();
  readonly #calls = new Set<number>();
  // What the event before left behind.
  #icountLow = 0;
  #icountHigh = 0;
  #aheadLow = 0;
  #aheadHigh = 0;
  #ripLow = 0;
  #ripHigh = 0;
  #addressLow = 0;
  #addressHigh = 0;
  // Dictionaries, and what stands beside their rows. Row numbers are kept plus one; 0 is none.
  readonly #tasks = new KeyTable();
  readonly #sites = new KeyTable();
  readonly #patterns = new KeyTable();
  readonly #captureShapes = new KeyTable();
  #taskSite = new Uint32Array(64);
  #siteNext = new Uint32Array(1024);
  #sitePattern = new Uint32Array(1024);
  #siteEvents = new Uint32Array(1024);
  #siteCall = new Uint32Array(1024);
  /** Registers of each task's and of each site's last event. */
  #taskRows = new Int32Array(64 * REGISTER_WORDS);
  #siteRows = new Int32Array(1024 * REGISTER_WORDS);
  readonly #column = {
    siteDictionary: new ColumnWriter(),
    site: new ColumnWriter(),
    taskDictionary: new ColumnWriter(),
    task: new ColumnWriter(),
    icount: new ColumnWriter(),
    time: new ColumnWriter(),
    patternDictionary: new ColumnWriter(),
    pattern: new ColumnWriter(),
    captureCount: new ColumnWriter(),
    captureShapeDictionary: new ColumnWriter(),
    captureShape: new ColumnWriter(),
    captureAddressSource: new ColumnWriter(),
    captureAddress: new ColumnWriter(),
    captureLength: new ColumnWriter(),
    captureMissing: new ColumnWriter(),
    captureBytes: new ColumnWriter(),
  };
  readonly #register = Array.from({ length: REGISTER_COUNT }, () => new ColumnWriter());

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count >= CHUNK_EVENTS || this.#column.captureBytes.length >= CHUNK_CAPTURE_BYTES;
  }

  add(event: EventRecord): void {
    this.#addMoment(event);
    const task = this.#addTask(event);
    const site = this.#addSite(event, task);
    this.#addRegisters(event.registers, task, site);
    this.#column.captureCount.varint(event.captureCount);
    if (event.captureCount > 0) this.#addCaptures(event);
    this.#siteEvents[site]!++;
    if (event.kind === EVENT_KIND.callEntry || event.kind === EVENT_KIND.callReturn) {
      const call = callKey(event.abi, event.registers[2 * REGISTER.detail]! >>> 0);
      if (this.#siteCall[site] !== call + 1) this.#calls.add(call);
      this.#siteCall[site] = call + 1;
    }
    this.#count++;
  }

  #addMoment(event: EventRecord): void {
    const { icountLow, icountHigh, timeLow, timeHigh } = event;
    this.#column.icount.difference64(icountLow, icountHigh, this.#icountLow, this.#icountHigh);
    const aheadLow = (timeLow - icountLow) | 0;
    const aheadHigh = (timeHigh - icountHigh - (timeLow >>> 0 < icountLow >>> 0 ? 1 : 0)) | 0;
    this.#column.time.difference64(aheadLow, aheadHigh, this.#aheadLow, this.#aheadHigh);
    this.#icountRange.include(icountLow, icountHigh);
    this.#timeRange.include(timeLow, timeHigh);
    this.#icountLow = icountLow;
    this.#icountHigh = icountHigh;
    this.#aheadLow = aheadLow;
    this.#aheadHigh = aheadHigh;
  }

  #addTask(event: EventRecord): number {
    const task = this.#tasks.find(event.taskLow, event.taskHigh, 0, 0);
    if (this.#tasks.isNew) {
      this.#column.taskDictionary.raw64(event.taskLow, event.taskHigh);
      this.#taskSite = begin(this.#taskSite, task);
      this.#taskRows = beginRow(this.#taskRows, task);
    }
    this.#column.task.varint(task);
    return task;
  }

  #addSite(event: EventRecord, task: number): number {
    const { kind, flags, cpl, vcpu, mechanism, abi, ripLow, ripHigh } = event;
    const site = this.#sites.find(
      ripLow,
      ripHigh,
      kind | (flags << 16),
      cpl | (vcpu << 8) | (mechanism << 16) | (abi << 24),
    );
    if (this.#sites.isNew) {
      const dictionary = this.#column.siteDictionary;
      dictionary.varint(kind);
      dictionary.varint(flags);
      dictionary.byte(cpl);
      dictionary.byte(vcpu);
      dictionary.byte(mechanism);
      dictionary.byte(abi);
      dictionary.difference64(ripLow, ripHigh, this.#ripLow, this.#ripHigh);
      this.#ripLow = ripLow;
      this.#ripHigh = ripHigh;
      this.#siteNext = begin(this.#siteNext, site + 1);
      this.#sitePattern = begin(this.#sitePattern, site);
      this.#siteEvents = begin(this.#siteEvents, site);
      this.#siteCall = begin(this.#siteCall, site);
      this.#siteRows = beginRow(this.#siteRows, site);
    }
    const before = this.#taskSite[task]!;
    this.#column.site.varint(this.#siteNext[before] === site + 1 ? 0 : site + 1);
    this.#siteNext[before] = site + 1;
    this.#taskSite[task] = site + 1;
    return site;
  }

  #addRegisters(registers: Int32Array, task: number, site: number): void {
    const taskRows = this.#taskRows;
    const siteRows = this.#siteRows;
    let taskAt = task * REGISTER_WORDS;
    let siteAt = site * REGISTER_WORDS;
    let patternLow = 0;
    let patternHigh = 0;
    for (let word = 0; word < REGISTER_WORDS; word += 2, taskAt += 2, siteAt += 2) {
      const low = registers[word]!;
      const high = registers[word + 1]!;
      const taskLow = taskRows[taskAt]!;
      const taskHigh = taskRows[taskAt + 1]!;
      const siteLow = siteRows[siteAt]!;
      const siteHigh = siteRows[siteAt + 1]!;
      siteRows[siteAt] = low;
      siteRows[siteAt + 1] = high;
      if (((low ^ taskLow) | (high ^ taskHigh)) === 0) continue;
      taskRows[taskAt] = low;
      taskRows[taskAt + 1] = high;
      let code = 1;
      if (((low ^ siteLow) | (high ^ siteHigh)) !== 0) {
        code = distance(low, high, taskLow, taskHigh) <= distance(low, high, siteLow, siteHigh) ? 2 : 3;
        const column = this.#register[word >>> 1]!;
        if (code === 2) column.difference64(low, high, taskLow, taskHigh);
        else column.difference64(low, high, siteLow, siteHigh);
      }
      // Two bits a register are one bit a word.
      if (word < 32) patternLow |= code << word;
      else patternHigh |= code << (word - 32);
    }
    this.#addPattern(site, patternLow, patternHigh);
  }

  #addPattern(site: number, low: number, high: number): void {
    const before = this.#sitePattern[site]!;
    if (
      before === 0
        ? low === 0 && high === 0
        : this.#patterns.word(before - 1, 0) === low && this.#patterns.word(before - 1, 1) === high
    ) {
      this.#column.pattern.byte(0);
      return;
    }
    const pattern = this.#patterns.find(low, high, 0, 0);
    if (this.#patterns.isNew) this.#column.patternDictionary.raw64(low, high);
    this.#column.pattern.varint(pattern + 1);
    this.#sitePattern[site] = pattern + 1;
  }

  #addCaptures(event: EventRecord): void {
    const column = this.#column;
    for (let i = 0; i < event.captureCount; i++) {
      const capture = event.captures[i]!;
      const shape = this.#captureShapes.find(capture.argument, capture.kind, capture.status, 0);
      if (this.#captureShapes.isNew) {
        column.captureShapeDictionary.varint(capture.argument);
        column.captureShapeDictionary.varint(capture.kind);
        column.captureShapeDictionary.varint(capture.status);
      }
      column.captureShape.varint(shape);
      const { addressLow, addressHigh } = capture;
      const source = sourceRegister(event.registers, addressLow, addressHigh);
      column.captureAddressSource.byte(source);
      if (source === 0)
        column.captureAddress.difference64(addressLow, addressHigh, this.#addressLow, this.#addressHigh);
      this.#addressLow = addressLow;
      this.#addressHigh = addressHigh;
      column.captureLength.varint(capture.length);
      column.captureMissing.difference64(capture.fullLength, 0, capture.length, 0);
      column.captureBytes.append(event.bytes.subarray(capture.offset, capture.offset + capture.length));
    }
  }

  /** The chunk as bytes of an `EventChunk`, and its summary. The encoder is empty again. */
  finish(firstEvent: number): { payload: Uint8Array; summary: ChunkSummary } {
    const summary: ChunkSummary = {
      firstEvent,
      count: this.#count,
      icount: this.#icountRange.bounds(),
      time: this.#timeRange.bounds(),
      kinds: this.#kinds(),
      tasks: Array.from({ length: this.#tasks.count }, (_, i) =>
        join64(this.#tasks.word(i, 0), this.#tasks.word(i, 1)),
      ),
      calls: [...this.#calls].sort((a, b) => a - b),
    };
    const columns = Object.fromEntries(Object.entries(this.#column).map(([name, column]) => [name, column.view()]));
    const payload = trapline.EventChunk.encode({
      summary: summaryToMessage(summary),
      ...columns,
      register: this.#register.map((column) => column.view()),
    }).finish();
    this.#clear();
    return { payload, summary };
  }

  #kinds(): Map<number, number> {
    const kinds = new Map<number, number>();
    for (let site = 0; site < this.#sites.count; site++) {
      const kind = this.#sites.word(site, 2) & 0xffff;
      kinds.set(kind, (kinds.get(kind) ?? 0) + this.#siteEvents[site]!);
    }
    return new Map([...kinds].sort(([a], [b]) => a - b));
  }

  #clear(): void {
    this.#count = 0;
    this.#icountRange.clear();
    this.#timeRange.clear();
    this.#calls.clear();
    this.#icountLow = this.#icountHigh = this.#aheadLow = this.#aheadHigh = 0;
    this.#ripLow = this.#ripHigh = this.#addressLow = this.#addressHigh = 0;
    for (const table of [this.#tasks, this.#sites, this.#patterns, this.#captureShapes]) table.clear();
    this.#siteNext[0] = 0;
    for (const column of Object.values(this.#column)) column.clear();
    for (const column of this.#register) column.clear();
  }
}

function distance(aLow: number, aHigh: number, bLow: number, bHigh: number): number {
  return Math.abs((aHigh - bHigh) * WORD + (aLow >>> 0) - (bLow >>> 0));
}

/** 1 + the general register that holds an address, or 0. */
function sourceRegister(registers: Int32Array, low: number, high: number): number {
  for (let i = 0; i < 16; i++) if (((registers[2 * i]! ^ low) | (registers[2 * i + 1]! ^ high)) === 0) return i + 1;
  return 0;
}
