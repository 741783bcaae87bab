// The sensitive but unprivileged instructions of x86 (Robin and Irvine 2000), which no monitor on real hardware can see:
// an opcode intercept that only an emulated processor has.

import { EXIT, SENSITIVE, VMCS_CONTROL } from '../../emu/layout.ts';
import { RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import type { TrapPolicy } from './policy.ts';

/** IRET is privileged enough to be seen by other means; the returns of calls are recorded by their own policy. */
const COUNTED = SENSITIVE.filter((name) => name !== 'iret');

export const sensitiveTrap: TrapPolicy = {
  name: 'sensitive',
  about: `sensitive, unprivileged instructions: ${COUNTED.join(' ')}`,
  plan(plan) {
    plan.controls |= VMCS_CONTROL.sensitive;
    for (const name of COUNTED) {
      const bit = SENSITIVE.indexOf(name);
      plan.opcodes[bit >> 3]! |= 1 << (bit & 7);
    }
    plan.rows.push({ reason: EXIT.sensitive, kind: RECORD_KIND.exit, flags: TRAP_FLAG.anyVector });
  },
};
