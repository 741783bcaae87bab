// Pages that each task dirties in each interval, with their contents. The core lists a page at the first write to it; an
// interval ends when another task runs, and after INTERVAL at the latest.

import { VMCS_CONTROL } from '../../emu/layout.ts';
import type { TrapPolicy } from './policy.ts';

/** Virtual nanoseconds. */
const INTERVAL = 100_000_000;

export const pagesTrap: TrapPolicy = {
  name: 'pages',
  about: 'pages that each task wrote to between two task switches, with every new content',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.pages;
    plan.interval = INTERVAL;
  },
};
