// Pages that each task dirties between two task switches, with their contents. The core lists a page at the first write to it. A
// program's own pages are recorded with what they hold when another task comes, or after STINT at the latest. Those that the kernel
// writes to by its own addresses every task dirties in its turn: what they hold is recorded once in INTERVAL, at a task switch.

import { VMCS_CONTROL } from '../../emu/layout.ts';
import type { TrapPolicy } from './policy.ts';

/** Virtual nanoseconds. */
const STINT = 100_000_000;
const INTERVAL = 1_000_000;

export const pagesTrap: TrapPolicy = {
  name: 'pages',
  about:
    'pages that each task wrote to between two task switches, with every new content (of kernel pages once a millisecond)',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.pages;
    plan.pages = { stint: STINT, interval: INTERVAL };
  },
};
