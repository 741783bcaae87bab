// IN, OUT, INS and OUTS by the I/O bitmap: the core records port, size, direction and value once the access is done.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { RECORD_KIND } from '../../emu/monitor-layout.ts';
import type { TrapPolicy } from './policy.ts';

export const portIoTrap: TrapPolicy = {
  name: 'port-io',
  about: 'accesses to I/O ports: port, size, direction, value, and the device behind it',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.io;
    plan.ports.fill(0xff);
    plan.rows.push({ reason: EXIT.io, kind: RECORD_KIND.exit });
  },
};
