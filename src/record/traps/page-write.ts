// Writes to watched memory. Pages with a watch never enter a write look-aside buffer as plain memory (second-level
// protection), so that every write to one is looked at; what is in no range goes on without a record.

import { UsageError } from '../../emu/errors.ts';
import { VMCS_CONTROL } from '../../emu/layout.ts';
import type { TrapPolicy } from './policy.ts';
import { watchClass } from './watch-spec.ts';
import { memoryRows } from './watched-guest.ts';

export const pageWriteTrap: TrapPolicy = {
  name: 'page-write',
  about: 'writes to the memory that --watch names: instruction, task, size, value before and after',
  operand: 'memory',
  plan(plan, context) {
    if (!context.watches.some((spec) => watchClass(spec) === 'memory'))
      throw new UsageError('--traps page-write: say with --watch which memory');
    plan.controls |= VMCS_CONTROL.pageWrite;
    plan.memory.push(...memoryRows(context, 'memory'));
  },
};
