// Watches looked up in the guest that they are armed in.

import { UserError } from '../../emu/errors.ts';
import type { Machine } from '../../emu/machine.ts';
import { IMAGE_LIMIT } from '../../emu/monitor-layout.ts';
import type { Kallsyms } from '../../guest/linux/kallsyms.ts';
import { findImagePlace } from '../../guest/linux/program-image.ts';
import { findProgramPiece } from '../../world/elf-symbols.ts';
import { type Inspection, inspect } from '../../world/inspection.ts';
import { readUntouched } from '../../world/open-untouched.ts';
import type { WatchRow } from './watch-rows.ts';
import { type WatchClass, type WatchSpec, watchClass } from './watch-spec.ts';

/** What is to be watched, and where it is looked up. */
export interface WatchContext {
  readonly watches: readonly WatchSpec[];
  /** Undefined: no guest is there to look anything up in. */
  readonly machine: Machine | undefined;
  /** The guest is not up yet: what has to be looked up in it comes later. */
  readonly early?: boolean;
}

export const NOTHING_WATCHED: WatchContext = { watches: [], machine: undefined };

const PAGE = 4096n;
const UPPER_HALF = 2n ** 63n;

/** The rows of all memory watches of a class. Throws UserError naming the watch that the guest has no place for. */
export function memoryRows(
  { watches, machine, early }: WatchContext,
  wanted: Exclude<WatchClass, 'register'>,
): WatchRow[] {
  const lookUp = new LookUp(machine);
  return watches.flatMap((spec, number) =>
    spec.kind === 'register' || watchClass(spec) !== wanted || (early && needsGuest(spec))
      ? []
      : lookUp.rows(spec, number).map((row) => ({ ...row, view: spec.view })),
  );
}

function needsGuest({ kind, ...spec }: WatchSpec): boolean {
  return (
    kind === 'symbol' || kind === 'program' || ('address' in spec && kind === 'virtual' && spec.address >= UPPER_HALF)
  );
}

class LookUp {
  readonly #machine: Machine | undefined;
  #inspection: Inspection | undefined;

  constructor(machine: Machine | undefined) {
    this.#machine = machine;
  }

  rows(spec: Exclude<WatchSpec, { kind: 'register' }>, number: number): WatchRow[] {
    const { filter, text } = spec;
    switch (spec.kind) {
      case 'physical':
        return [{ kind: 'physical', start: spec.address, end: spec.address + spec.length, number, filter }];
      case 'virtual': {
        const end = spec.address + spec.length;
        if (spec.address < UPPER_HALF) return [{ kind: 'linear', start: spec.address, end, number, filter }];
        return this.#kernelRange(spec, spec.address, spec.length, number);
      }
      case 'symbol': {
        const symbol = this.#symbol(text, spec.symbol);
        return this.#kernelRange(spec, symbol.address, spec.length ?? symbol.length, number);
      }
      case 'program':
        return [this.#programRow(spec, number)];
    }
  }

  get #guest(): Inspection | undefined {
    if (this.#machine !== undefined) this.#inspection ??= inspect(this.#machine);
    return this.#inspection;
  }

  #symbol(text: string, name: string): { address: bigint; length: bigint } {
    const symbols = this.#guest?.profile?.symbols;
    if (symbols === undefined) throw new UserError(`--watch ${text}: this kernel does not carry its symbols`);
    const address = symbols.address(name);
    if (address === undefined) throw new UserError(`--watch ${text}: ${lacks(symbols, name)}`);
    let next = address + PAGE;
    for (const symbol of symbols) {
      if (symbol.address <= address) continue;
      next = symbol.address;
      break;
    }
    return { address, length: next - address };
  }

  /** A range of the kernel is watched by where it lies: whatever else it is mapped at, and whoever writes. */
  #kernelRange({ text, filter }: WatchSpec, address: bigint, length: bigint, number: number): WatchRow[] {
    const rows: WatchRow[] = [];
    for (let at = address, end = address + length; at < end; ) {
      const next = at - (at % PAGE) + PAGE < end ? at - (at % PAGE) + PAGE : end;
      const physical = this.#guest?.memory.physical(at);
      if (physical === undefined)
        throw new UserError(`--watch ${text}: 0x${at.toString(16)} is not mapped in the guest's kernel`);
      const start = BigInt(physical);
      rows.push({ kind: 'physical', start, end: start + (next - at), number, filter });
      at = next;
    }
    return rows;
  }

  #programRow(spec: Extract<WatchSpec, { kind: 'program' }>, number: number): WatchRow {
    const { text, path, symbol, filter } = spec;
    const piece = findProgramPiece(readProgram(text, path), symbol);
    if (piece === undefined) throw new UserError(`--watch ${text}: ${path} has no symbol or section ${symbol}`);
    if (findImagePlace(this.#guest?.profile?.btf, IMAGE_LIMIT) === undefined)
      throw new UserError(`--watch ${text}: this kernel does not tell where its programs are loaded`);
    const length = spec.length ?? (piece.length === 0n ? 8n : piece.length);
    const end = piece.address + length;
    return { kind: 'imageRelative', start: piece.address, end, number, filter, imageBase: piece.codeStart };
  }
}

/** A kernel built without CONFIG_KALLSYMS_ALL, as Debian's i386 ones are, carries the names of its functions only. */
function lacks(symbols: Kallsyms, name: string): string {
  if (symbols.address('init_task') !== undefined) return `the guest's kernel has no symbol ${name}`;
  return `the guest's kernel carries the names of functions only, and none is ${name}; use virt:ADDRESS+BYTES`;
}

function readProgram(text: string, path: string): Uint8Array {
  try {
    return readUntouched(path);
  } catch {
    throw new UserError(`--watch ${text}: can't read ${path}`);
  }
}
