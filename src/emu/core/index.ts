// What the host may call.
import { forgetFrames } from "./monitor/frames";
import { measureRows } from "./monitor/watches";
import { PAGE_INFO_WRITTEN, PAGE_WRITTEN, RAM_SIZE, RIP } from "./generated/layout";
import { lookAtAll, flushAll, initVcpus } from "./vcpus";
import { inspect, isRam, pageInfo } from "./mmu";
import { readRflags, writeRflags } from "./flags";
import { flushBlocks, invalidateWritten } from "./blocks";
import { endStint, listPage, listsPages } from "./monitor/pages";
import { publishRecords } from "./monitor/record";
import { forgetRegisters } from "./monitor/registers";
import { PAGE_FLAG_device } from "./generated/monitor-layout";

export { modeChanged } from "./mode";
export { run, stepOver } from "./run";
export { initialise, reset, startUp } from "./reset";
export { showVcpu, switchVcpu } from "./vcpus";
export { completeExit, injectExit } from "./monitor/resume";
export { beginDeviceWrite, endDeviceWrite } from "./monitor/watches";

/** Once, before anything else. `ramSize` in bytes, `vcpus` from 1 to VCPU.most. */
export function init(ramSize: u32, vcpus: u32): void {
  store<u32>(RAM_SIZE, ramSize);
  initVcpus(vcpus);
  flushBlocks();
}

/** Of all virtual CPUs. */
export function flushTlb(): void { flushAll(); }

/** RAM was written from outside the core. */
export function invalidatePhysical(address: u32, length: u32): void {
  let at = address;
  let left = length;
  while (left > 0 && isRam(at)) {
    const part = min<u32>(left, 4096 - (at & 4095));
    store<u32>(pageInfo(at), PAGE_WRITTEN, PAGE_INFO_WRITTEN);
    if (load<u64>(pageInfo(at))) invalidateWritten(at, part);
    if (listsPages()) listPage(0, at, PAGE_FLAG_device);
    at += part;
    left -= part;
  }
}

/** Between two runs: records what pages were dirtied until now. False: the ring is full, ask again. */
export function tellPages(): bool {
  const told = !listsPages() || endStint(load<u64>(RIP), true);
  publishRecords();
  return told;
}

/** Watch rows, the view or the listing of pages were changed from outside: the next access to any page is looked at. */
export function watchesChanged(): void {
  lookAtAll();
  forgetRegisters();
  forgetFrames();
  measureRows();
}

/** Guest-physical address of a linear one, all ones if it is not mapped. */
export function translate(linear: u64): u64 { return inspect(linear); }

export function readFlags(): u64 { return readRflags(); }
export function writeFlags(value: u64): void { writeRflags(value); }
