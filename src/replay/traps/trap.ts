/** Traps that are no system calls: what an event tells, in words for people and in fields for programs. */
import { EXIT } from '../../emu/layout.ts';
import { EVENT_KIND, REGISTER_COUNT } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { Description } from './description.ts';
import { memoryAccess, portAccess } from './device-access.ts';
import { Exit } from './exit.ts';
import type { TrapNames } from './names.ts';
import {
  controlRegister,
  cpuid,
  descriptorTable,
  interrupt,
  modelSpecificRegister,
  sensitive,
  timeStamp,
  vmfunc,
} from './processor.ts';
import { dirtiedPages, registerChange, watchedAccess } from './watched.ts';

/** A trap and its event: a row of a chunk. */
export interface Trap extends Description {
  readonly chunk: EventChunk;
  readonly row: number;
  /** What the instruction is part of, where somebody has looked that up; guest text is in it as it came. */
  readonly symbol?: string | undefined;
}

type Describe = (exit: Exit, names: TrapNames) => Description;

const BY_REASON: ReadonlyMap<number, Describe> = new Map<number, Describe>([
  [EXIT.interrupt, interrupt],
  [EXIT.io, portAccess],
  [EXIT.mmio, memoryAccess],
  [EXIT.crAccess, controlRegister],
  [EXIT.msrWrite, modelSpecificRegister],
  [EXIT.descriptorTable, descriptorTable],
  [EXIT.sensitive, sensitive],
  [EXIT.rdtsc, timeStamp],
  [EXIT.cpuid, cpuid],
  [EXIT.vmfunc, vmfunc],
  [EXIT.secondLevel, watchedAccess],
  [EXIT.register, registerChange],
]);

function unknown(exit: Exit): Description {
  const reason = exit.word('reason');
  const subject = `exit ${reason}`;
  return { policy: 'unknown', subject, text: subject, fields: { reason }, instruction: exit.chunk.rip(exit.row) };
}

/** The trap that a row tells of; undefined for rows of calls and tasks. */
export function trapOf(chunk: EventChunk, row: number, names: TrapNames): Trap | undefined {
  const kind = chunk.kind(row);
  if (kind === EVENT_KIND.pages) return { ...dirtiedPages(chunk, row), chunk, row };
  if (kind !== EVENT_KIND.exit && kind !== EVENT_KIND.cr3Load) return undefined;
  const exit = Exit.of(chunk, row);
  if (exit === undefined) return undefined;
  const describe = BY_REASON.get(exit.word('reason')) ?? unknown;
  return { ...describe(exit, names), chunk, row };
}

const ALL_REGISTERS = Array.from({ length: REGISTER_COUNT }, (_, i) => i);

/** The columns that traps of these policies are told from, added to others. */
export function withTrapColumns(columns: ColumnChoice, policies: readonly string[]): ColumnChoice {
  return {
    ...columns,
    ...(policies.includes('vmfunc') ? { registers: () => ALL_REGISTERS } : {}),
    ...(policies.includes('pages') ? { captures: 'all' } : {}),
  };
}
