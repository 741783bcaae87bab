// Where the fields of each virtual CPU lie: the state block holds the one that runs, the others are in their slots.
import { REGION_VCPUS, VCPU, VCPU_FIRST, VCPU_SAVED, VCPU_SLOT } from "./generated/layout";

export function slotOf(vcpu: u32): usize { return REGION_VCPUS + <usize>vcpu * <usize>VCPU_SLOT; }

export function savedOf(vcpu: u32): usize { return slotOf(vcpu) + <usize>VCPU_SAVED; }

/** Where a field of the VCPU range lies now. */
export function savedField(vcpu: u32, field: usize): usize {
  return vcpu == load<u32>(VCPU) ? field : savedOf(vcpu) + (field - <usize>VCPU_FIRST);
}
