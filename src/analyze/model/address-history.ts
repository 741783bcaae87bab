import { ADDRESS_CALLS } from '../../replay/addresses/address-calls.ts';
import type { AddressSpaces } from '../../replay/addresses/address-spaces.ts';
import { callColumns } from '../../replay/calls.ts';
import { DESCRIPTOR_CALLS } from '../../replay/descriptor-calls.ts';
import type { TraceReader } from '../../replay/reader.ts';
import { type CallSink, Reconstruction } from '../../replay/reconstruction.ts';
import { callKeysOf } from './call-keys.ts';
import type { History } from './history.ts';
import type { Job } from './job.ts';

/** Calls that change what lies where, or which file a descriptor stands for. */
const CHANGES = callKeysOf([...ADDRESS_CALLS.keys(), ...DESCRIPTOR_CALLS.keys()]);
const ROWS_A_STEP = 4096;
const NOBODY: CallSink = { entry: () => {}, return: () => {}, signal: () => {}, trap: () => {}, end: () => {} };

/**
 * What lay where in the memory of each process at each moment, from the chunks that hold a call that changes it. Yields
 * how much is done, 0 to 1, every few milliseconds.
 */
export function* readingAddressSpaces(reader: TraceReader, history: History): Job<AddressSpaces | undefined> {
  const { profile, index } = reader;
  const reconstruction = new Reconstruction(
    { commandOnly: false, descriptors: true, addresses: true, profile },
    () => NOBODY,
  );
  const { tasks, descriptors, spaces } = reconstruction;
  let expected = 0;
  for (const [place, entry] of index.entries()) {
    yield place / index.length;
    if (!entry.summary.calls.some((call) => CHANGES.has(call))) continue;
    const chunk = reader.chunk(entry, callColumns({ arguments: true, times: false }));
    if (chunk === undefined) continue;
    if (chunk.firstEvent !== expected) {
      for (const pointer of chunk.tasks) {
        const identity = history.identity(pointer, chunk.firstEvent);
        if (identity !== undefined) tasks.name(tasks.at(pointer), identity);
        descriptors?.meet(identity, chunk.firstEvent);
        spaces?.meet(identity, chunk.firstEvent);
      }
    }
    expected = chunk.firstEvent + chunk.count;
    for (let row = 0; row < chunk.count; row += ROWS_A_STEP) {
      reconstruction.feed(chunk, row, Math.min(row + ROWS_A_STEP, chunk.count));
      yield place / index.length;
    }
  }
  return spaces;
}
