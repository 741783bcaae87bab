import { ADDRESS_CALLS } from '../../replay/addresses/address-calls.ts';
import type { AddressSpaces } from '../../replay/addresses/address-spaces.ts';
import { callColumns } from '../../replay/calls.ts';
import { DESCRIPTOR_CALLS } from '../../replay/descriptor-calls.ts';
import type { TraceReader } from '../../replay/reader.ts';
import { type CallSink, Reconstruction } from '../../replay/reconstruction.ts';
import { callKeysOf } from './call-keys.ts';
import type { History } from './history.ts';

/** Calls that change what lies where, or which file a descriptor stands for. */
const CHANGES = callKeysOf([...ADDRESS_CALLS.keys(), ...DESCRIPTOR_CALLS.keys()]);
const NOBODY: CallSink = { entry: () => {}, return: () => {}, signal: () => {}, trap: () => {}, end: () => {} };

/**
 * What lay where in the memory of each process at each moment, from the chunks that hold a call that changes it. Yields
 * how much is done, 0 to 1, a chunk a step.
 */
export function* readingAddressSpaces(
  reader: TraceReader,
  history: History,
): Generator<number, AddressSpaces | undefined> {
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
        descriptors?.meet(identity);
        spaces?.meet(identity, chunk.firstEvent);
      }
    }
    expected = chunk.firstEvent + chunk.count;
    reconstruction.feed(chunk);
  }
  return spaces;
}
