// Loads of control registers, MSRs and descriptor-table registers: exit controls, recorded with the new value before the
// instruction executes.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import type { TrapPolicy } from './policy.ts';

const flags = TRAP_FLAG.anyVector;

export const controlTrap: TrapPolicy = {
  name: 'control',
  about: 'loads of control registers, XCR0, MSRs, GDTR, IDTR, LDTR and TR, with the new value',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.cr3Load | VMCS_CONTROL.crLoad | VMCS_CONTROL.msrWrite | VMCS_CONTROL.descriptorTable;
    plan.msrs.fill(0xff);
    plan.rows.push(
      { reason: EXIT.crAccess, kind: RECORD_KIND.exit, flags },
      { reason: EXIT.msrWrite, kind: RECORD_KIND.exit, flags },
      { reason: EXIT.descriptorTable, kind: RECORD_KIND.exit, flags },
    );
  },
};
