// Switching between virtual CPUs: the state block holds one at a time.
import { EXIT_RING_FULL, RIP, VCPU, VCPU_BYTES, VCPU_COUNT, VCPU_FIRST } from "./generated/layout";
import { endStint, listsPages } from "./monitor/pages";
import { publishRecords } from "./monitor/record";
import { leaveRegisters, watchesRegisters } from "./monitor/registers";
import { lookAtEverything } from "./monitor/views";
import { flushTlb, forgetTranslations, initTlb } from "./tlb";
import { savedOf } from "./vcpu-slots";

/** Makes `count` of them, all zeros but for their numbers and their empty look-aside buffers; number 0 is there. */
export function initVcpus(count: u32): void {
  store<u32>(VCPU_COUNT, count);
  for (let vcpu: u32 = 0; vcpu < count; vcpu++) {
    store<u32>(VCPU, vcpu);
    initTlb();
    memory.copy(savedOf(vcpu), VCPU_FIRST, VCPU_BYTES);
  }
  showVcpu(0);
}

/** The state block is to hold this one: between two runs, to look at it or to change it. */
export function showVcpu(vcpu: u32): void {
  const present = load<u32>(VCPU);
  if (vcpu == present) return;
  memory.copy(savedOf(present), VCPU_FIRST, VCPU_BYTES);
  memory.copy(VCPU_FIRST, savedOf(vcpu), VCPU_BYTES);
  forgetTranslations();
}

/**
 * The next run() is this one's. -1, or EXIT.ringFull: the monitor must say first what the present one has done, nothing
 * has changed.
 */
export function switchVcpu(vcpu: u32): i32 {
  if (listsPages()) {
    const ended = endStint(load<u64>(RIP), false);
    publishRecords();
    if (!ended) return <i32>EXIT_RING_FULL;
  }
  if (watchesRegisters()) leaveRegisters();
  showVcpu(vcpu);
  return -1;
}

/** All of them forget all translations. */
export function flushAll(): void {
  const present = load<u32>(VCPU);
  for (let vcpu: u32 = 0; vcpu < load<u32>(VCPU_COUNT); vcpu++) {
    showVcpu(vcpu);
    flushTlb(true);
  }
  showVcpu(present);
}

/** All of them look at the next access to any page. */
export function lookAtAll(): void {
  const present = load<u32>(VCPU);
  for (let vcpu: u32 = 0; vcpu < load<u32>(VCPU_COUNT); vcpu++) {
    showVcpu(vcpu);
    lookAtEverything();
  }
  showVcpu(present);
}
