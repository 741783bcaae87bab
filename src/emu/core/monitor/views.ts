// Second-level views: what rows of one view say of reads and fetches, and the switch from one view to another. A switch
// marks the look-aside buffers instead of emptying them: when accessed and dirty bits are set must not depend on us.
import {
  CODE_PAGE, EXIT_LENGTH, EXIT_LINEAR, EXIT_PHYSICAL, EXIT_RING_FULL, EXIT_VALUE, ICOUNT, MODE, RIP, RUN_LEFT, RUN_OP, RUN_START,
  SECOND_LEVEL_EXECUTE, SECOND_LEVEL_READ, SEG_BASE, VMCS_VIEW,
} from "../generated/layout";
import { CAPTURE_KIND_before, WRITE_SOURCE_instruction } from "../generated/monitor-layout";
import { exitAfter, raiseExit } from "../fault";
import { MODE_BITS, MODE_CODE64, SEG_CS } from "../mode";
import { opLength } from "../op";
import { instructionRip, syncCount } from "../run";
import { flushJumps, forgetTranslations, markAll } from "../tlb";
import { captureOwn, closeRecord, hasRoom } from "./record";
import { openAccess, pageIsWatched, presentSource, rowOf, watchesReads } from "./watches";

const VALUE: usize = memory.data(8);

/** The next fetch counts, though it is from the page that ran last. */
let switched: bool = false;
/** Where the latest fetch was recorded: the same one may be looked up twice. */
let fetched: u64 = 0;
let fetchedIcount: u64 = ~(<u64>0);

/** VM function 0: from the next instruction on memory is seen through this view. */
export function switchView(view: u32): void {
  if (load<u32>(VMCS_VIEW) == view) return;
  store<u32>(VMCS_VIEW, view);
  lookAtEverything();
}

/** The next access by any translation takes the slow path once, and the next fetch from any page is looked up. */
export function lookAtEverything(): void {
  markAll();
  flushJumps();
  forgetTranslations();
  switched = true;
}

export function readIsWatched(linear: u64, physical: u64): bool {
  return watchesReads() && pageIsWatched(linear, physical, SECOND_LEVEL_READ);
}

export function fetchIsWatched(linear: u64, physical: u64): bool {
  return watchesReads() && pageIsWatched(linear, physical, SECOND_LEVEL_EXECUTE);
}

/** A read within a page, of up to 8 bytes. The instruction may have written before, so that it can't be left any more. */
export function noteRead(linear: u64, physical: u64, size: u32, value: u64): void {
  let row = rowOf(0, linear, physical, size, SECOND_LEVEL_READ, false);
  if (row == 0) return;
  if (!hasRoom()) exitAfter(EXIT_RING_FULL);
  const source = presentSource();
  let rip = load<u64>(RIP);
  store<u32>(EXIT_LENGTH, 0);
  if (source == WRITE_SOURCE_instruction) {
    const op: usize = load<u32>(RUN_OP);
    syncCount();
    rip = instructionRip(op);
    store<u32>(EXIT_LENGTH, opLength(op));
  }
  store<u64>(VALUE, value);
  store<u64>(EXIT_LINEAR, linear);
  store<u64>(EXIT_PHYSICAL, physical);
  store<u64>(EXIT_VALUE, value);
  for (; row != 0; row = rowOf(row, linear, physical, size, SECOND_LEVEL_READ, false)) {
    openAccess(row, rip, SECOND_LEVEL_READ, size, source);
    captureOwn(CAPTURE_KIND_before, VALUE, size, linear);
    closeRecord();
  }
}

/**
 * The next instruction is at `linear`, in a page whose fetches are watched: recorded when control comes from another
 * page. False: run() is left before it.
 */
export function noteFetch(linear: u64, physical: u64): bool {
  const long = (load<u32>(MODE) & MODE_BITS) == MODE_CODE64;
  const from = load<u64>(CODE_PAGE) + (long ? 0 : load<u64>(SEG_BASE + (SEG_CS << 3)));
  if (!switched && (from & ~4095) == (linear & ~4095)) return true;
  const icount = load<u64>(RUN_START) - u64(load<i32>(RUN_LEFT));
  if (fetched == linear && fetchedIcount == icount) return true;
  let row = rowOf(0, linear & ~4095, physical & ~4095, 4096, SECOND_LEVEL_EXECUTE, false);
  if (row == 0) return true;
  if (!hasRoom()) {
    raiseExit(EXIT_RING_FULL);
    return false;
  }
  switched = false;
  fetched = linear;
  fetchedIcount = icount;
  store<u64>(ICOUNT, icount);
  store<u32>(EXIT_LENGTH, 0);
  store<u64>(EXIT_LINEAR, linear);
  store<u64>(EXIT_PHYSICAL, physical);
  store<u64>(EXIT_VALUE, 0);
  for (; row != 0; row = rowOf(row, linear & ~4095, physical & ~4095, 4096, SECOND_LEVEL_EXECUTE, false)) {
    openAccess(row, load<u64>(RIP), SECOND_LEVEL_EXECUTE, 0, WRITE_SOURCE_instruction);
    closeRecord();
  }
  return true;
}
