// Watched registers, by single steps: while the task and privilege level of a watch run, the core compares between every two
// instructions.

import { UsageError } from '../../emu/errors.ts';
import { VMCS_CONTROL } from '../../emu/layout.ts';
import type { TrapPolicy } from './policy.ts';
import type { RegisterRow } from './watch-rows.ts';

export const registerTrap: TrapPolicy = {
  name: 'register',
  about: 'the registers that --watch names: every change, or taking a value; single-steps, some ten times slower',
  operand: 'register',
  plan(plan, { watches }) {
    const rows = watches.flatMap((spec, number): RegisterRow[] =>
      spec.kind === 'register' ? [{ part: spec.part, value: spec.value, number, filter: spec.filter }] : [],
    );
    if (rows.length === 0) throw new UsageError('--traps register: say with --watch reg:NAME which register');
    plan.controls |= VMCS_CONTROL.register;
    plan.registers.push(...rows);
  },
};
