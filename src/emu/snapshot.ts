import { restoreProcessor, saveProcessor } from './cpu-state.ts';
import { type StateValue, stateFields } from './devices/device.ts';
import { UserError } from './errors.ts';
import type { Machine } from './machine.ts';
import { decodeState, encodeState } from './state-codec.ts';

const PAGE = 4096;
const MAGIC = 'TRAPSNAP';
const VERSION = 1;

/** A whole machine at one moment. */
export interface Snapshot {
  /** Processor, devices, clock and input-log position in their canonical form. */
  readonly state: Uint8Array;
  readonly ramSize: number;
  /** Numbers of the pages that are not all zero, ascending. */
  readonly pages: Uint32Array;
  /** Their contents, in the same order. */
  readonly contents: Uint8Array;
}

/** How the pages of a stored snapshot are compressed. */
export interface SnapshotCodec {
  compress(bytes: Uint8Array): Uint8Array;
  /** To `length` bytes. Throws when the bytes are damaged. */
  decompress(bytes: Uint8Array, length: number): Uint8Array;
}

/**
 * The machine as it stands between two runs. Translations are flushed on the way, since a machine that goes on from
 * the snapshot starts without any: both must set accessed bits alike.
 */
export function takeSnapshot(machine: Machine): Snapshot {
  machine.core.flushTlb();
  const pages = Uint32Array.from(usedPages(machine));
  const contents = new Uint8Array(pages.length * PAGE);
  const { ram } = machine.core;
  for (const [i, page] of pages.entries()) contents.set(ram.subarray(page * PAGE, (page + 1) * PAGE), i * PAGE);
  return { state: encodeState(machineState(machine)), ramSize: machine.memory.size, pages, contents };
}

/** Makes the machine what it was. It must have the same memory size, vendor, number of processors and devices. */
export function restoreSnapshot(machine: Machine, snapshot: Snapshot): void {
  if (snapshot.ramSize !== machine.memory.size) {
    throw new UserError(
      `the snapshot is of a machine with ${snapshot.ramSize >> 20} MiB, this one has ${machine.memory.size >> 20}`,
    );
  }
  const { ram } = machine.core;
  // Pages that hold nothing are not written: in a new machine they are not even there.
  for (const page of usedPages(machine)) {
    ram.fill(0, page * PAGE, (page + 1) * PAGE);
    machine.core.invalidatePhysical(page * PAGE, PAGE);
  }
  for (const { first, count, at } of runsOf(snapshot.pages)) {
    ram.set(snapshot.contents.subarray(at * PAGE, (at + count) * PAGE), first * PAGE);
    machine.core.invalidatePhysical(first * PAGE, count * PAGE);
  }

  const state = stateFields(decodeState(snapshot.state));
  restoreProcessor(machine.core, state.processor!);
  const { processors } = machine;
  const several = processors.all.length > 1;
  if (several) processors.restore(state.processors ?? null);
  else if (state.processors !== undefined)
    throw new UserError('the snapshot is of a machine with several virtual CPUs');
  const devices = stateFields(state.devices!);
  for (const device of machine.devices) {
    const saved = devices[device.name];
    if (saved === undefined) throw new UserError(`the snapshot has no device ${device.name}`);
    device.restore(saved);
  }
  if (several) processors.restoreTurn(state.processors!);
  machine.inputLog.position = state.inputPosition as number;
}

/** Everything but RAM: processor (the current one, and all where there are several), devices and input-log position. */
export function machineState(machine: Machine): StateValue {
  const { processors } = machine;
  return {
    processor: saveProcessor(machine.core),
    ...(processors.all.length > 1 ? { processors: processors.save() } : {}),
    devices: Object.fromEntries(machine.devices.map((device) => [device.name, device.save()])),
    inputPosition: machine.inputLog.position,
  };
}

/** Pages that follow each other: their first number, how many, and where the first stands in the list. */
function* runsOf(pages: Uint32Array): Generator<{ first: number; count: number; at: number }> {
  for (let at = 0, next = 0; at < pages.length; at = next) {
    const first = pages[at]!;
    for (next = at + 1; next < pages.length && pages[next] === first + next - at; ) next++;
    yield { first, count: next - at, at };
  }
}

/** Numbers of the pages of RAM that are not all zero. */
export function* usedPages(machine: Machine): Generator<number> {
  const words = new Int32Array(machine.core.memory.buffer, machine.core.ram.byteOffset, machine.memory.size / 4);
  const wordsPerPage = PAGE / 4;
  for (const page of machine.core.writtenPages()) {
    const end = (page + 1) * wordsPerPage;
    let at = page * wordsPerPage;
    while (at < end && words[at] === 0) at++;
    if (at < end) yield page;
  }
}

/** One run of bytes to store: magic, version, lengths, then state, page numbers and contents, compressed. */
export function packSnapshot(snapshot: Snapshot, codec: SnapshotCodec): Uint8Array {
  const pageNumbers = new Uint8Array(snapshot.pages.buffer, snapshot.pages.byteOffset, snapshot.pages.byteLength);
  const head = encodeState({
    magic: MAGIC,
    version: VERSION,
    ramSize: snapshot.ramSize,
    state: snapshot.state,
    pages: pageNumbers,
  });
  const contents = codec.compress(snapshot.contents);
  const packed = new Uint8Array(4 + head.length + contents.length);
  new DataView(packed.buffer).setUint32(0, head.length, true);
  packed.set(head, 4);
  packed.set(contents, 4 + head.length);
  return packed;
}

/** The snapshot that `packSnapshot` was given. Throws UserError if the bytes are none. */
export function unpackSnapshot(packed: Uint8Array, codec: SnapshotCodec): Snapshot {
  try {
    const headLength = new DataView(packed.buffer, packed.byteOffset, packed.byteLength).getUint32(0, true);
    const head = stateFields(decodeState(packed.subarray(4, 4 + headLength)));
    if (head.magic !== MAGIC || head.version !== VERSION) throw new Error('another format');
    const pageBytes = new Uint8Array(head.pages as Uint8Array);
    const pages = new Uint32Array(pageBytes.buffer);
    const contents = codec.decompress(packed.subarray(4 + headLength), pages.length * PAGE);
    if (contents.length !== pages.length * PAGE) throw new Error('pages are missing');
    return { state: head.state as Uint8Array, ramSize: head.ramSize as number, pages, contents };
  } catch (error) {
    throw new UserError(`not a usable machine snapshot: ${error instanceof Error ? error.message : String(error)}`);
  }
}
