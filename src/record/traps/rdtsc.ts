// RDTSC and RDTSCP. The guest's time counts its own instructions: no time of the monitor is in it, so none has to be hidden.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { RECORD_KIND } from '../../emu/monitor-layout.ts';
import type { TrapPolicy } from './policy.ts';

export const rdtscTrap: TrapPolicy = {
  name: 'rdtsc',
  about: 'RDTSC and RDTSCP, with the value that the guest gets',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.rdtsc;
    plan.rows.push({ reason: EXIT.rdtsc, kind: RECORD_KIND.exit });
  },
};
