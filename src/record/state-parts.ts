import type { Machine } from '../emu/machine.ts';
import { takeSnapshot } from '../emu/snapshot.ts';
import { stateHash } from '../emu/state-hash.ts';
import type { StatePart } from '../trace/messages.ts';

const PAGE = 4096;
/** Pages of one part: large enough to compress well, small enough to pass the writer's queue. */
const PAGES = 512;

/** A whole machine as the parts of state number `state`; `ram` parts hold runs of pages that are not all zero. */
export function* stateParts(machine: Machine, state = 0): Generator<StatePart> {
  const { state: processorAndDevices, pages, contents } = takeSnapshot(machine);
  const stateSha256 = new Uint8Array(Buffer.from(stateHash(machine), 'hex'));
  const part = { state, icount: machine.icount, last: false, stateSha256: new Uint8Array(0) };
  yield { ...part, section: 'machine', offset: 0, data: processorAndDevices };
  for (let first = 0; first < pages.length; ) {
    let end = first + 1;
    while (end < pages.length && end - first < PAGES && pages[end] === pages[end - 1]! + 1) end++;
    yield { ...part, section: 'ram', offset: pages[first]! * PAGE, data: contents.slice(first * PAGE, end * PAGE) };
    first = end;
  }
  yield { ...part, section: 'end', offset: 0, data: new Uint8Array(0), last: true, stateSha256 };
}
