// CPUID, with leaf, subleaf and the answer.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import type { TrapPolicy } from './policy.ts';

export const cpuidTrap: TrapPolicy = {
  name: 'cpuid',
  about: 'CPUID, with leaf, subleaf and what the guest is told',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.cpuid;
    plan.rows.push({ reason: EXIT.cpuid, kind: RECORD_KIND.exit, flags: TRAP_FLAG.anyVector });
  },
};
