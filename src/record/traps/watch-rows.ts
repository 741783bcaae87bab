// Watches as the core evaluates them: rows of src/emu/monitor-layout.ts.
import type { Core } from '../../emu/core-instance.ts';
import { REGION, SECOND_LEVEL } from '../../emu/layout.ts';
import {
  POLICY,
  POLICY_HEADER,
  REGISTER_FLAG,
  REGISTER_ROW,
  REGISTER_ROW_BYTES,
  REGISTER_ROWS,
  TASK_FILTER,
  TASK_FILTER_BYTES,
  TASK_FILTER_FLAG,
  VIEW_ANY,
  WATCH_KIND,
  WATCH_ROW,
  WATCH_ROW_BYTES,
  WATCH_ROWS,
} from '../../emu/monitor-layout.ts';
import type { RegisterPart } from '../../trace/register-part.ts';

/** Whose doing counts; what is left out does not matter. */
export interface TaskFilter {
  readonly level?: 'user' | 'kernel' | undefined;
  /** What user space calls pid. */
  readonly process?: number | undefined;
  /** The task's name, up to 15 bytes. */
  readonly name?: string | undefined;
}

/** What a view does not let through unseen. */
export interface ViewRights {
  /** 0 to VIEWS - 1 */
  readonly index: number;
  /** SECOND_LEVEL.read, write, execute: accesses that are recorded. */
  readonly accesses: number;
}

/** Watched memory: bytes `start` to `end` - 1. */
export interface WatchRow {
  readonly kind: keyof typeof WATCH_KIND;
  readonly start: bigint;
  readonly end: bigint;
  /** Place of its watch among those of the command line. */
  readonly number: number;
  readonly filter: TaskFilter;
  /** `imageRelative`: start_code of a program that lies where `start` says. */
  readonly imageBase?: bigint;
  /** The second-level view in which it holds; left out: all, and then writes are watched. */
  readonly view?: ViewRights | undefined;
}

/** A watched register, or part of one. */
export interface RegisterRow {
  readonly part: RegisterPart;
  readonly number: number;
  /** Only when it takes this value; left out: every change. */
  readonly value?: bigint | undefined;
  readonly filter: TaskFilter;
}

/** When dirtied pages are told, in instructions. */
export interface PageTimes {
  /** If no other task comes: which pages they are. */
  readonly stint: number;
  /** When a task's turn is over, but not sooner: contents of those that are not their programs' own. */
  readonly interval: number;
}

/** The rows of a plan. */
export interface Watches {
  readonly memory: readonly WatchRow[];
  readonly registers: readonly RegisterRow[];
  readonly pages: PageTimes;
}

const NO_TASK = 0xffff_ffff_ffff_ffffn;
const PAGE = 4096n;

/** Puts the rows into force in place of those before. Throws Error when they are too many. */
export function writeWatches(core: Core, { memory, registers, pages }: Watches): void {
  if (memory.length > WATCH_ROWS) throw new Error(`${memory.length} watched ranges are too many`);
  if (registers.length > REGISTER_ROWS) throw new Error(`${registers.length} watched registers are too many`);
  const { view } = core;
  const physical = memory.filter(({ kind }) => kind === 'physical');
  const ordered = [...physical, ...memory.filter(({ kind }) => kind !== 'physical')];
  for (const [i, row] of ordered.entries()) writeMemoryRow(view, POLICY.watchRows + i * WATCH_ROW_BYTES, row);
  for (const [i, row] of registers.entries()) {
    writeRegisterRow(view, POLICY.registerRows + i * REGISTER_ROW_BYTES, row);
  }
  view.setUint32(POLICY.header + POLICY_HEADER.watchRowCount, ordered.length, true);
  view.setUint32(POLICY.header + POLICY_HEADER.physicalRowCount, physical.length, true);
  view.setUint32(POLICY.header + POLICY_HEADER.registerRowCount, registers.length, true);
  view.setBigUint64(POLICY.header + POLICY_HEADER.stintLength, BigInt(pages.stint), true);
  view.setBigUint64(POLICY.header + POLICY_HEADER.intervalLength, BigInt(pages.interval), true);
  markPages(core, physical);
  core.watchesChanged();
}

/** Every page with a physical range in it, so that a write elsewhere costs no look at the rows. */
function markPages({ bytes, ramSize }: Core, rows: readonly WatchRow[]): void {
  const first = REGION.secondLevel.address;
  const pages = ramSize / Number(PAGE);
  for (let page = 0; page < pages; page++) bytes[first + page]! &= ~SECOND_LEVEL.watched;
  for (const { start, end } of rows) {
    const last = Math.min(Number((end - 1n) / PAGE), pages - 1);
    for (let page = Number(start / PAGE); page <= last; page++) bytes[first + page]! |= SECOND_LEVEL.watched;
  }
}

function writeMemoryRow(view: DataView, at: number, row: WatchRow): void {
  view.setBigUint64(at + WATCH_ROW.start, row.start, true);
  view.setBigUint64(at + WATCH_ROW.end, row.end, true);
  view.setUint8(at + WATCH_ROW.kind, WATCH_KIND[row.kind]);
  view.setUint8(at + WATCH_ROW.accesses, row.view?.accesses ?? SECOND_LEVEL.write);
  view.setUint16(at + WATCH_ROW.view, row.view?.index ?? VIEW_ANY, true);
  view.setUint32(at + WATCH_ROW.number, row.number, true);
  writeFilter(view, at + WATCH_ROW.filter, row.filter);
  view.setBigUint64(at + WATCH_ROW.imageBase, row.imageBase ?? 0n, true);
}

function writeRegisterRow(view: DataView, at: number, row: RegisterRow): void {
  view.setUint32(at + REGISTER_ROW.register, row.part.register, true);
  view.setUint16(at + REGISTER_ROW.offset, row.part.offset, true);
  view.setUint16(at + REGISTER_ROW.size, row.part.size, true);
  view.setUint32(at + REGISTER_ROW.number, row.number, true);
  view.setUint32(at + REGISTER_ROW.flags, row.value === undefined ? 0 : REGISTER_FLAG.value, true);
  view.setBigUint64(at + REGISTER_ROW.value, row.value ?? 0n, true);
  writeFilter(view, at + REGISTER_ROW.filter, row.filter);
  view.setBigUint64(at + REGISTER_ROW.lastTask, NO_TASK, true);
}

function writeFilter(view: DataView, at: number, { level, process, name }: TaskFilter): void {
  for (let i = 0; i < TASK_FILTER_BYTES; i++) view.setUint8(at + i, 0);
  const flags =
    (level === 'user' ? TASK_FILTER_FLAG.user : 0) |
    (level === 'kernel' ? TASK_FILTER_FLAG.kernel : 0) |
    (process === undefined ? 0 : TASK_FILTER_FLAG.process) |
    (name === undefined ? 0 : TASK_FILTER_FLAG.name);
  view.setUint32(at + TASK_FILTER.flags, flags, true);
  view.setUint32(at + TASK_FILTER.process, process ?? 0, true);
  const bytes = Buffer.from(name ?? '', 'utf8');
  for (let i = 0; i < Math.min(15, bytes.length); i++) view.setUint8(at + TASK_FILTER.name + i, bytes[i]!);
}
