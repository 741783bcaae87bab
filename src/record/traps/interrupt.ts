// External interrupts: the IDT limit in force holds the 32 exceptions only, so every other vector raises #GP on its way
// in; the core records where it hit and delivers it through the guest's own table.

import { EXIT } from '../../emu/layout.ts';
import { RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import type { TrapPolicy } from './policy.ts';

/** An interrupt comes between instructions: there are no bytes, which tells it from INT n. */
const NO_BYTES = [0];

export const interruptTrap: TrapPolicy = {
  name: 'interrupt',
  about: 'external interrupts, with vector and where they hit',
  plan(plan) {
    plan.cutIdt();
    plan.rows.push({ reason: EXIT.interrupt, kind: RECORD_KIND.exit, flags: TRAP_FLAG.anyVector, bytes: NO_BYTES });
  },
};
