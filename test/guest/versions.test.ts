// Kernels of other versions and builds than the installed one: their calls against strace, their views against /proc.
import { describe, it } from 'vitest';
import { missingForGuest, scratch } from '../support/guest.ts';
import { otherKernels } from '../support/guest-kernels.ts';
import { buildProgram, expectSameCalls, runUnderStrace } from '../support/strace-oracle.ts';
import { describeViews } from '../views/view-suite.ts';

const programs = missingForGuest('/usr/bin/strace', '/usr/bin/gcc');

for (const { name, image, reason } of otherKernels('amd64')) {
  const missing = programs ?? (image === undefined ? reason : undefined);
  if (missing !== undefined) console.warn(`kernel ${name} skipped: ${missing}`);
  describe.skipIf(missing !== undefined)(`kernel ${name}`, () => {
    it('has its calls recorded as strace in the guest shows them', () => {
      const folder = scratch();
      expectSameCalls(runUnderStrace(folder, buildProgram(folder, 'calls'), 5, ['--kernel', image!]));
    });
  });
  describeViews({ name, kernel: image, version: /^[5-9]\./, missing });
}
