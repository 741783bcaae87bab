/** Where a call's arguments stand: in registers, or in words of memory that were captured with its entry. */
import { ABI, CAPTURE_KIND, MECHANISM, NT_ARGUMENTS } from '../emu/monitor-layout.ts';
import { REGISTER, type RegisterName } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import { capturesOf } from './call-captures.ts';

const registers = (names: string): number[] => names.split(' ').map((name) => REGISTER[name as RegisterName]);
export const ARGUMENTS = registers('rdi rsi rdx r10 r8 r9');
export const ARGUMENTS32 = registers('rbx rcx rdx rsi rdi rbp');
/** Where arguments may stand when nobody knows the convention: the order of names in `FOREIGN_NAMES`. */
export const FOREIGN_NAMES = ['rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp'] as const;
export const FOREIGN = FOREIGN_NAMES.map((name) => REGISTER[name]);
/** 32-bit SYSCALL overwrites ecx: the vDSO puts the second argument into ebp. */
const ARGUMENTS_SYSCALL32 = registers('rbx rbp rdx rsi rdi rbp');

/** Of NT's 64-bit services; the others are on the stack. */
const ARGUMENTS_NT64 = registers('r10 rdx r8 r9');

/** Halves of arguments by register number; what is beyond them was not readable. `high` undefined: they have 32 bits. */
export interface Words {
  readonly low: Uint32Array;
  readonly high: Uint32Array | undefined;
}

/** Arguments as the call's ABI has them; undefined: in registers of 64 bits. */
export function wordsOf(chunk: EventChunk, row: number): Words | undefined {
  switch (chunk.abi(row)) {
    case ABI.linux32:
      return { low: arguments32(chunk, row), high: undefined };
    case ABI.nt32:
      return { low: stackWords(chunk, row, 4, 0), high: undefined };
    case ABI.nt64: {
      const [low, high] = [0, 4].map((half) => {
        const stack = stackWords(chunk, row, 8, half);
        const inRegisters = ARGUMENTS_NT64.map((register) =>
          half === 0 ? chunk.registerLow(row, register) : chunk.registerHigh(row, register),
        );
        return Uint32Array.of(...inRegisters, ...stack);
      });
      return { low: low!, high };
    }
    default:
      return undefined;
  }
}

/** Words that were captured on the stack: of each the 32 bits at `half`. */
function stackWords(chunk: EventChunk, row: number, word: 4 | 8, half: number): Uint32Array {
  const found = capturesOf(chunk, row).find(({ kind }) => kind === CAPTURE_KIND.words);
  if (found === undefined) return new Uint32Array(0);
  const { view, start, length } = found;
  const count = Math.min(Math.floor(length / word), NT_ARGUMENTS);
  return Uint32Array.from({ length: count }, (_, i) => view.getUint32(start + word * i + half, true));
}

/** The arguments of a 32-bit call by register number: some are words in memory, captured with the entry. */
function arguments32(chunk: EventChunk, row: number): Uint32Array {
  const from = chunk.mechanism(row) === MECHANISM.syscall32 ? ARGUMENTS_SYSCALL32 : ARGUMENTS32;
  const values = Uint32Array.from(from, (register) => chunk.registerLow(row, register));
  for (const { kind, argument, view, start, length } of capturesOf(chunk, row)) {
    if (kind !== CAPTURE_KIND.words) continue;
    const words = Array.from({ length: length >> 2 }, (_, k) => view.getUint32(start + 4 * k, true));
    if (argument === SIXTH) values[SIXTH] = words[0] ?? 0;
    else values.fill(0).set(words.slice(0, values.length));
  }
  return values;
}

const SIXTH = 5;
