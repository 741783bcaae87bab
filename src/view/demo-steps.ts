/** A walk through traces/suspect.trap and traces/unpack.trap: what one asks first of a program that one does not know. */

export interface DemoStep {
  /** What is asked, and why. */
  readonly says: string;
  /** Arguments of trapline; SAMPLE and UNPACK stand for the traces. */
  readonly runs: readonly string[];
}

export const SAMPLE = 'SAMPLE';
export const UNPACK = 'UNPACK';

// biome-ignore format: a table
export const DEMO_STEPS: readonly DemoStep[] = [
  { says: 'A trace is evidence: first see that it is whole and unaltered.', runs: ['verify', SAMPLE] },
  { says: 'Which programs ran, who started whom, and how each ended?', runs: ['query', SAMPLE, 'exec-tree'] },
  { says: 'What did they do? Every system call, as strace -f would show it: here those about files.', runs: ['replay', '-y', '-e', 'trace=%file,write', SAMPLE] },
  { says: 'A file was removed. Which, by whom, and who had it before?', runs: ['query', SAMPLE, 'deleted-files'] },
  { says: 'Who wrote to it, and what?', runs: ['query', SAMPLE, 'who-wrote', '/tmp/.cache/report'] },
  { says: 'What was tried and failed?', runs: ['query', SAMPLE, 'failed-calls'] },
  { says: 'It tried to reach somebody. Any question can be asked in SQL.', runs: ['query', SAMPLE, "SELECT event, pid, comm, name, args, errno FROM syscalls WHERE name = 'connect'"] },
  { says: 'The address is not in the program as text. Another recording watched the bytes that it changes: who wrote them?', runs: ['replay', '-e', 'trap=page-write', '-e', 'trace=none', UNPACK] },
  { says: 'Now look around for yourself: 3 shows the events, / searches, Enter tells all of one, ? the keys, q leaves.', runs: ['view', SAMPLE] },
];
