/** How synthetic traces begin and end. */
import type { EndReport } from '../../src/record/trace-file.ts';
import { EMPTY_HEADER, type TraceHeader } from '../../src/trace/messages.ts';

export const HEADER: TraceHeader = {
  ...EMPTY_HEADER,
  program: 'trapline 0.1.0',
  guestStart: 1_700_000_000,
  kernelName: 'vmlinuz-6.1',
  kernelSha256: new Uint8Array(32).fill(0xab),
  kernelRelease: '6.1.0-56-cloud-amd64',
  kernelCommandLine: 'console=hvc0 quiet',
  command: ['ls', '-l', 'a b'],
  environment: ['PATH=/bin'],
  workingDirectory: '/tmp',
  memory: 512 * 2 ** 20,
  cpuVendor: 'AuthenticAMD',
  traps: ['syscall', 'return'],
  shares: ['/usr'],
  settings: { entropy: 'seed 1' },
  hostNote: 'a test',
};

export const END: EndReport = {
  exitStatus: 3,
  reason: 'exit',
  message: '',
  instructions: 123_456_789,
  time: 2_000_000_000,
  stateSha256: new Uint8Array(32).fill(0xcd),
  totals: { processes: 2 },
};
