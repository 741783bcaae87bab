// Reads and writes of device windows in physical memory; the core records them once the access is done.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { RECORD_KIND } from '../../emu/monitor-layout.ts';
import type { TrapPolicy } from './policy.ts';

const READ = 1;
const WRITE = 2;

export const mmioTrap: TrapPolicy = {
  name: 'mmio',
  about: 'accesses to device memory: physical address, size, direction, value, and the device behind it',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.mmio;
    for (const vector of [READ, WRITE]) plan.rows.push({ reason: EXIT.mmio, vector, kind: RECORD_KIND.exit });
  },
};
