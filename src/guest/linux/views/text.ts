import type { KernelStructures } from './kernel.ts';

/** The kernel's own file: a vmlinux as its link left it, before relocation. */
export interface KernelFile {
  /** Where it was linked to begin (`_text`). */
  readonly textStart: bigint;
  /** Sections by name. */
  section(name: string): { readonly address: bigint; readonly bytes: Uint8Array } | undefined;
  /** Bytes at a link address; undefined outside the file. */
  read(address: bigint, length: number): Uint8Array | undefined;
  /** Link addresses of 32-bit and 64-bit fields that move with the kernel, and of 32-bit fields that move against it. */
  readonly relocations: {
    readonly add32: readonly bigint[];
    readonly subtract32: readonly bigint[];
    readonly add64: readonly bigint[];
  };
}

/** Bytes of the kernel's code that are not as its file has them. */
export interface TextChange {
  readonly address: bigint;
  readonly length: number;
  /** Where the changed code jumps or calls, if it begins with such an instruction. */
  readonly target: bigint | undefined;
  readonly detail: string;
}

export interface TextComparison {
  readonly changes: readonly TextChange[];
  /** Calls that stand at function entries (ftrace). */
  readonly calls: readonly { readonly address: bigint; readonly target: bigint }[];
  readonly notes: readonly string[];
}

/** A place that the kernel patches itself, by its own tables. */
interface PatchSite {
  readonly at: number;
  readonly length: number;
}

/**
 * Compares .text. What the kernel's tables of patch sites name can't be known from the file: it is counted and left
 * out, except for function entries, where only ftrace's own forms are taken.
 */
export function compareText(kernel: KernelStructures, file: KernelFile): TextComparison {
  const text = file.section('.text');
  if (text === undefined) return { changes: [], calls: [], notes: ['kernel text: the file has no .text'] };
  const shift = kernel.symbol('_text') - file.textStart;
  const start = text.address + shift;
  const expected = relocated(file, text, shift);
  const length = Math.min(expected.length, Number((kernel.symbols.address('_etext') ?? start) - start));
  const found = kernel.bytes(start, length);
  const sites = patchSites(kernel, file, text.address);
  const covered = new Uint8Array(expected.length);
  for (const { at, length: bytes } of sites) covered.fill(1, Math.max(0, at), Math.max(0, at + bytes));
  const entries = [...functionEntries(kernel, file, text.address), ...ftraceCalls(kernel, start)];
  const calls: { address: bigint; target: bigint }[] = [];
  for (const at of entries) {
    if (at < 0 || at + CALL_BYTES > length) continue;
    const target = callTarget(found, at, start);
    if (isNop(found, at)) covered.fill(1, at, at + CALL_BYTES);
    else if (target !== undefined) {
      covered.fill(1, at, at + CALL_BYTES);
      calls.push({ address: start + BigInt(at), target });
    }
  }
  const changes: TextChange[] = [];
  let unknown = 0;
  for (let at = 0; at < length; at++) {
    if (found[at] === expected[at]) continue;
    if (covered[at] === 1) {
      unknown++;
      continue;
    }
    let end = at + 1;
    // Equal bytes within a changed run belong to it.
    for (let i = end; i < Math.min(length, end + GAP); i++)
      if (found[i] !== expected[i] && covered[i] === 0) end = i + 1;
    changes.push({
      ...{ address: start + BigInt(at), length: end - at, target: branchTarget(found, at, start) },
      detail: describe(expected, found, at, end),
    });
    at = end;
  }
  const bytes = covered.reduce((sum, byte) => sum + byte, 0);
  return {
    changes,
    calls,
    notes: [
      `kernel text: ${length} bytes compared with the kernel file, moved by 0x${shift.toString(16)}`,
      `kernel text: ${sites.length} patch sites (${bytes} bytes with ${entries.length} function entries) can't be known from the file; ${unknown} bytes there differ from it`,
    ],
  };
}

const GAP = 8;
const SHOWN = 16;

function describe(expected: Uint8Array, found: Uint8Array, start: number, end: number): string {
  const hex = (bytes: Uint8Array): string =>
    Buffer.from(bytes.subarray(start, Math.min(end, start + SHOWN))).toString('hex');
  return `${hex(expected)} is now ${hex(found)}`;
}

function relocated(file: KernelFile, text: { address: bigint; bytes: Uint8Array }, shift: bigint): Uint8Array {
  const bytes = new Uint8Array(text.bytes);
  if (shift === 0n) return bytes;
  const view = new DataView(bytes.buffer);
  const delta = Number(BigInt.asIntN(32, shift));
  const within = (address: bigint, size: number): number | undefined => {
    const at = Number(address - text.address);
    return at >= 0 && at + size <= bytes.length ? at : undefined;
  };
  for (const address of file.relocations.add32) {
    const at = within(address, 4);
    if (at !== undefined) view.setInt32(at, view.getInt32(at, true) + delta, true);
  }
  for (const address of file.relocations.subtract32) {
    const at = within(address, 4);
    if (at !== undefined) view.setInt32(at, view.getInt32(at, true) - delta, true);
  }
  for (const address of file.relocations.add64) {
    const at = within(address, 8);
    if (at !== undefined) view.setBigUint64(at, BigInt.asUintN(64, view.getBigUint64(at, true) + shift), true);
  }
  return bytes;
}

const CALL_BYTES = 5;
const OPCODE_CALL = 0xe8;
const OPCODE_JUMP = 0xe9;
/** The one 5-byte NOP of 64-bit kernels, and the instruction that gcc leaves before ftrace starts. */
const NOP = [0x0f, 0x1f, 0x44, 0x00, 0x00] as const;

/** Of 5 bytes. */
export const isNop = (bytes: Uint8Array, at: number): boolean => NOP.every((byte, i) => bytes[at + i] === byte);

/** Where the call there leads; `start`: address of `bytes`. */
export function callTarget(bytes: Uint8Array, at: number, start: bigint): bigint | undefined {
  return bytes[at] === OPCODE_CALL ? branchTarget(bytes, at, start) : undefined;
}

/** The same of a call or a jump. */
export function branchTarget(bytes: Uint8Array, at: number, start: bigint): bigint | undefined {
  if ((bytes[at] !== OPCODE_CALL && bytes[at] !== OPCODE_JUMP) || at + CALL_BYTES > bytes.length) return undefined;
  const distance = new DataView(bytes.buffer, bytes.byteOffset + at + 1, 4).getInt32(0, true);
  return BigInt.asUintN(64, start + BigInt(at + CALL_BYTES + distance));
}

/** Where the linker put a table: between two symbols of the kernel, or in a section of its own. */
interface TablePlace {
  readonly from: string;
  readonly to: string;
  readonly section: string;
}

interface Table {
  /** Link address. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

// biome-ignore format: a table
const TABLE = {
  entries:      { from: '__start_mcount_loc',        to: '__stop_mcount_loc',        section: '__mcount_loc' },
  alternatives: { from: '__alt_instructions',        to: '__alt_instructions_end',   section: '.altinstructions' },
  jumps:        { from: '__start___jump_table',      to: '__stop___jump_table',      section: '__jump_table' },
  paravirt:     { from: '__parainstructions',        to: '__parainstructions_end',   section: '.parainstructions' },
  locks:        { from: '__smp_locks',               to: '__smp_locks_end',          section: '.smp_locks' },
  retpolines:   { from: '__retpoline_sites',         to: '__retpoline_sites_end',    section: '.retpoline_sites' },
  returns:      { from: '__return_sites',            to: '__return_sites_end',       section: '.return_sites' },
  calls:        { from: '__call_sites',              to: '__call_sites_end',         section: '.call_sites' },
  seals:        { from: '__ibt_endbr_seal',          to: '__ibt_endbr_seal_end',     section: '.ibt_endbr_seal' },
  staticCalls:  { from: '__start_static_call_sites', to: '__stop_static_call_sites', section: '.static_call_sites' },
} as const satisfies Record<string, TablePlace>;

function readTable(kernel: KernelStructures, file: KernelFile, place: TablePlace): Table | undefined {
  const start = kernel.symbols.address(place.from);
  const end = kernel.symbols.address(place.to);
  if (start === undefined || end === undefined || end <= start) return file.section(place.section);
  const address = start - (kernel.symbol('_text') - file.textStart);
  const bytes = file.read(address, Number(end - start));
  return bytes && { address, bytes };
}

/** Addresses of what gcc puts at function entries for ftrace, as offsets into the text. */
function functionEntries(kernel: KernelStructures, file: KernelFile, text: bigint): number[] {
  return [...rows(readTable(kernel, file, TABLE.entries), 8)].map(({ view }) =>
    Number(view.getBigUint64(0, true) - text),
  );
}

/** Calls in ftrace's own code that lead to whom it calls at entries. */
function ftraceCalls(kernel: KernelStructures, start: bigint): number[] {
  return ['ftrace_call', 'ftrace_regs_call', 'ftrace_graph_call'].flatMap((name) => {
    const address = kernel.symbols.address(name);
    return address === undefined ? [] : [Number(address - start)];
  });
}

/** Tables of 32-bit distances from each entry to its site, and how many bytes there may change. */
const DISTANCE_TABLES: readonly { place: TablePlace; stride: number; bytes: number }[] = [
  { place: TABLE.locks, stride: 4, bytes: 1 },
  { place: TABLE.retpolines, stride: 4, bytes: 7 },
  { place: TABLE.returns, stride: 4, bytes: 5 },
  { place: TABLE.calls, stride: 4, bytes: 5 },
  { place: TABLE.seals, stride: 4, bytes: 4 },
  { place: TABLE.staticCalls, stride: 8, bytes: 5 },
];
/** Constants that the kernel writes into its instructions at start-up, from 6.11 on: a table of distances for each. */
const RUNTIME = [
  { prefix: '__start_runtime_ptr_', bytes: 8 },
  { prefix: '__start_runtime_shift_', bytes: 1 },
] as const;
/** Trampolines of static calls: a jump that the kernel rewrites. */
const TRAMPOLINE = { prefix: '__SCT__', bytes: 8 } as const;

function patchSites(kernel: KernelStructures, file: KernelFile, text: bigint): PatchSite[] {
  const sites: PatchSite[] = [];
  for (const { place, stride, bytes } of DISTANCE_TABLES) {
    for (const { address, view } of rows(readTable(kernel, file, place), stride))
      sites.push({ at: Number(address - text) + view.getInt32(0, true), length: bytes });
  }
  const shift = kernel.symbol('_text') - file.textStart;
  for (const { name, address } of kernel.symbols) {
    const constant = RUNTIME.find(({ prefix }) => name.startsWith(prefix));
    if (constant !== undefined) {
      const place = { from: name, to: name.replace('__start_', '__stop_'), section: name.slice('__start_'.length) };
      for (const { address: row, view } of rows(readTable(kernel, file, place), 4))
        sites.push({ at: Number(row - text) + view.getInt32(0, true), length: constant.bytes });
    }
    if (name.startsWith(TRAMPOLINE.prefix))
      sites.push({ at: Number(address - shift - text), length: TRAMPOLINE.bytes });
  }
  sites.push(...alternatives(kernel, file, text), ...jumpLabels(kernel, file, text), ...paravirt(kernel, file, text));
  return sites;
}

function* rows(table: Table | undefined, stride: number): Generator<{ address: bigint; view: DataView }> {
  if (table === undefined) return;
  const { address } = table;
  // The last row may lack its padding.
  const bytes = new Uint8Array(Math.ceil(table.bytes.length / stride) * stride);
  bytes.set(table.bytes);
  for (let at = 0; at < bytes.length; at += stride)
    yield { address: address + BigInt(at), view: new DataView(bytes.buffer, bytes.byteOffset + at, stride) };
}

function* alternatives(kernel: KernelStructures, file: KernelFile, text: bigint): Generator<PatchSite> {
  const offset = kernel.member('alt_instr', 'instr_offset').offset;
  const length = kernel.member('alt_instr', 'instrlen').offset;
  for (const { address, view } of rows(readTable(kernel, file, TABLE.alternatives), kernel.size('alt_instr')))
    yield { at: Number(address - text) + offset + view.getInt32(offset, true), length: view.getUint8(length) };
}

/** A jump of 5 bytes; where gcc chose a short one only 2 of them change, and the rest is equal. */
function* jumpLabels(kernel: KernelStructures, file: KernelFile, text: bigint): Generator<PatchSite> {
  const offset = kernel.member('jump_entry', 'code').offset;
  for (const { address, view } of rows(readTable(kernel, file, TABLE.jumps), kernel.size('jump_entry')))
    yield { at: Number(address - text) + offset + view.getInt32(offset, true), length: CALL_BYTES };
}

function* paravirt(kernel: KernelStructures, file: KernelFile, text: bigint): Generator<PatchSite> {
  const table = readTable(kernel, file, TABLE.paravirt);
  if (table === undefined) return;
  const instruction = kernel.member('paravirt_patch_site', 'instr').offset;
  const length = kernel.member('paravirt_patch_site', 'len').offset;
  for (const { view } of rows(table, kernel.size('paravirt_patch_site')))
    yield { at: Number(view.getBigUint64(instruction, true) - text), length: view.getUint8(length) };
}
