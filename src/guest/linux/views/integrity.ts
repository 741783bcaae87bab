import { gateCount, type ProcessorFacts, readGate } from '../../processor.ts';
import { type KernelStructures, NotKnown, orNote } from './kernel.ts';
import { moduleEntries, type TakenEntry } from './module-entries.ts';
import type { KernelModule } from './modules.ts';
import { compareText, type KernelFile, type TextChange } from './text.ts';
import { Tracing } from './tracing.ts';

/** Something of the kernel that does not lead where it should. */
export interface Hook {
  /** `sys_call_table[59]`, `IDT vector 14`, `LSTAR`, `text`. */
  readonly where: string;
  /** The symbol that it belongs to or is, `__x64_sys_execve`; empty when not known. */
  readonly symbol: string;
  /** Address that it leads to, or of the changed bytes. */
  readonly address: bigint;
  /** Whose memory that is: `kernel`, a module's name, or `unknown memory`. */
  readonly owner: string;
  readonly detail: string;
}

export interface IntegrityReport {
  readonly hooks: readonly Hook[];
  /** What was compared, and what could not be. */
  readonly notes: readonly string[];
}

/**
 * The ways into the kernel and its code. `file` is the kernel's own file: without it, table entries are only judged
 * by whose memory they lead to, and code is not compared.
 */
export function checkIntegrity(
  kernel: KernelStructures,
  processor: ProcessorFacts,
  modules: readonly KernelModule[],
  file?: KernelFile,
): IntegrityReport {
  const notes: string[] = [];
  const owners = new Owners(kernel, modules);
  const hooks = [
    ...entryRegisters(kernel, processor, owners),
    ...(orNote(notes, 'IDT', () => interruptTable(kernel, processor, owners, notes)) ?? []),
    ...CALL_TABLES.flatMap((name) => orNote(notes, name, () => callTable(kernel, name, owners, notes, file)) ?? []),
  ];
  const tracing = new Tracing(kernel, notes);
  if (file === undefined) notes.push('kernel text: not compared, no kernel file');
  else {
    const compared = orNote(notes, 'kernel text', () => compareText(kernel, file));
    if (compared !== undefined) {
      notes.push(...compared.notes);
      for (const change of compared.changes) hooks.push(...changedText(kernel, owners, tracing, change));
      for (const { address, target } of compared.calls) {
        hooks.push(...calledEntry(owners, tracing, { address, symbol: kernel.name(address), target }));
      }
    }
  }
  const entries = moduleEntries(kernel, modules, notes);
  notes.push(`modules: ${entries.count} function entries looked at, no other code`);
  for (const entry of entries.taken) hooks.push(...takenEntry(owners, tracing, entry));
  const known = new Set(hooks.map(({ address }) => address));
  for (const callback of tracing.callbacks) {
    const owner = owners.of(callback);
    if (owner !== 'kernel' && !known.has(callback))
      hooks.push({ where: 'ftrace', symbol: '', address: callback, owner, detail: 'asked for calls at entries' });
  }
  return { hooks, notes };
}

/** What the kernel was asked to call at a place of its code: no patch of an unknown owner's. */
function asked(
  owners: Owners,
  place: { where: string; symbol: string },
  how: string,
  handlers: readonly bigint[],
): Hook[] {
  return handlers.map((handler) => ({ ...place, address: handler, owner: owners.of(handler), detail: how }));
}

/** A call at a function's entry: ftrace's, for whomever it makes it, or somebody's own. */
function calledEntry(
  owners: Owners,
  tracing: Tracing,
  { address, symbol, target }: { address: bigint; symbol: string; target: bigint },
): Hook[] {
  const place = { where: 'text', symbol };
  const handlers = tracing.calledBy(target, address);
  if (handlers.length > 0)
    return asked(owners, place, 'called at its entry, as asked of the kernel (ftrace)', handlers);
  const owner = owners.of(target);
  return owner === 'kernel' ? [] : [{ ...place, address: target, owner, detail: 'called at its entry' }];
}

/** The entry of a module's function that is not as it was loaded. */
function takenEntry(owners: Owners, tracing: Tracing, { address, symbol, target, called, found }: TakenEntry): Hook[] {
  if (called && target !== undefined) return calledEntry(owners, tracing, { address, symbol, target });
  const place = { where: 'text', symbol };
  const handlers = tracing.probes(address, 1);
  if (handlers.length > 0) return asked(owners, place, KPROBE, handlers);
  const owner = target === undefined ? UNKNOWN : owners.of(target);
  const leads = target === undefined ? '' : ` jumps to 0x${target.toString(16)}`;
  return [{ ...place, address, owner, detail: `no NOP at its entry but ${found}${leads}` }];
}

const KPROBE = 'called there, as asked of the kernel (kprobe)';

/** Owned by whom the code now leads to, else by the kernel. */
function changedText(
  kernel: KernelStructures,
  owners: Owners,
  tracing: Tracing,
  { address, length, target, detail }: TextChange,
): Hook[] {
  const place = { where: 'text', symbol: kernel.name(address) };
  const handlers = tracing.probes(address, length);
  if (handlers.length > 0 && (target === undefined || owners.of(target) === UNKNOWN))
    return asked(owners, place, KPROBE, handlers);
  const owner = target === undefined ? 'kernel' : owners.of(target);
  const leads = owner === 'kernel' || target === undefined ? '' : ` jumps out to 0x${target.toString(16)}`;
  return [{ ...place, address, owner, detail: `${length} bytes differ from the kernel file: ${detail}${leads}` }];
}

/** 32 stubs of 9 bytes, 13 with control-flow protection (EARLY_IDT_HANDLER_SIZE). */
const EARLY_STUBS = 32n * 13n;
const UNKNOWN = 'unknown memory';

/** Whose memory an address is. */
class Owners {
  readonly #kernel: KernelStructures;
  readonly #modules: readonly KernelModule[];
  readonly #start: bigint;
  readonly #end: bigint;

  constructor(kernel: KernelStructures, modules: readonly KernelModule[]) {
    this.#kernel = kernel;
    this.#modules = modules;
    this.#start = kernel.symbols.address('_stext') ?? 0n;
    this.#end = kernel.symbols.address('_etext') ?? 0n;
  }

  of(address: bigint): string {
    if (address >= this.#start && address < this.#end) return 'kernel';
    const module = this.#modules.find(({ text }) => text.start <= address && address < text.end);
    return module?.name ?? UNKNOWN;
  }

  /** Of the kernel's own start-up handlers, whose memory is given back. */
  isStartup(address: bigint): boolean {
    const stubs = this.#kernel.symbols.address('early_idt_handler_array');
    return stubs !== undefined && stubs <= address && address < stubs + EARLY_STUBS;
  }

  /** A hook, if it leads out of the kernel's code. */
  check(where: string, address: bigint, detail = ''): Hook[] {
    const owner = this.of(address);
    if (owner === 'kernel') return [];
    return [{ where, symbol: '', address, owner, detail }];
  }

  name(address: bigint): string {
    return this.of(address) === 'kernel' ? this.#kernel.name(address) : '';
  }
}

/** Symbols that each register may name, of the versions that are known; other kernel code is told, not taken for a hook. */
const ENTRIES = [
  { register: 'LSTAR', value: 'lstar', symbols: ['entry_SYSCALL_64', 'entry_SYSCALL_64_trampoline', 'system_call'] },
  { register: 'CSTAR', value: 'cstar', symbols: ['entry_SYSCALL_compat', 'entry_SYSCALL32_ignore', 'ignore_sysret'] },
  { register: 'SYSENTER_EIP', value: 'sysenterEip', symbols: ['entry_SYSENTER_compat', 'entry_SYSENTER_32'] },
] as const;

function entryRegisters(kernel: KernelStructures, processor: ProcessorFacts, owners: Owners): Hook[] {
  return ENTRIES.flatMap(({ register, value, symbols }) => {
    const address = processor[value];
    if (address === 0n || symbols.some((name) => kernel.symbols.address(name) === address)) return [];
    const detail = `not ${symbols[0]}`;
    return [{ where: register, symbol: owners.name(address), address, owner: owners.of(address), detail }];
  });
}

// biome-ignore format: a table
const EXCEPTIONS = [
  'divide_error', 'debug', 'nmi', 'int3', 'overflow', 'bounds', 'invalid_op', 'device_not_available', 'double_fault',
  'coproc_segment_overrun', 'invalid_tss', 'segment_not_present', 'stack_segment', 'general_protection', 'page_fault',
  'spurious_interrupt_bug', 'coprocessor_error', 'alignment_check', 'machine_check', 'simd_coprocessor_error',
];

/** A gate that leads out of the kernel, or to another exception's code than its own (asm_exc_*, from 5.8 on). */
function checkGate(kernel: KernelStructures, owners: Owners, vector: number, handler: bigint): Hook[] {
  const where = `IDT vector ${vector}`;
  const foreign = owners.check(where, handler);
  const expected = `asm_exc_${EXCEPTIONS[vector]}`;
  const own = kernel.symbols.address(expected);
  if (foreign.length > 0 || own === undefined || own === handler) return foreign;
  return [{ where, symbol: owners.name(handler), address: handler, owner: 'kernel', detail: `not ${expected}` }];
}

function interruptTable(kernel: KernelStructures, processor: ProcessorFacts, owners: Owners, notes: string[]): Hook[] {
  const { idt } = processor;
  const gates = gateCount(processor);
  const hooks: Hook[] = [];
  let present = 0;
  let startup = 0;
  let tasks = 0;
  for (let vector = 0; vector < gates; vector++) {
    const gate = readGate(kernel.memory, processor, vector);
    if (gate === undefined) throw new NotKnown(`nothing mapped at gate ${vector}`);
    if (!gate.present) continue;
    present++;
    const { handler } = gate;
    if (gate.task) {
      tasks++;
      continue;
    }
    if (owners.isStartup(handler)) startup++;
    else hooks.push(...checkGate(kernel, owners, vector, handler));
  }
  const leftover = startup === 0 ? '' : `, ${startup} lead to start-up code that is gone, as Linux leaves unused ones`;
  const others = tasks === 0 ? '' : `, ${tasks} not: they lead to a task of the processor`;
  notes.push(`IDT at ${kernel.name(idt.base)}: ${present - tasks} of ${gates} gates looked at${others}${leftover}`);
  return hooks;
}

const CALL_TABLES = ['sys_call_table', 'ia32_sys_call_table'] as const;
/** More calls than any version has. */
const MOST_CALLS = 1024;

function callTable(
  kernel: KernelStructures,
  name: string,
  owners: Owners,
  notes: string[],
  file: KernelFile | undefined,
): Hook[] {
  const table = kernel.symbols.address(name);
  if (table === undefined) return [];
  const hooks: Hook[] = [];
  let count = 0;
  let compared = 0;
  for (; count < MOST_CALLS; count++) {
    const place = table + BigInt(kernel.memory.pointerBytes * count);
    // The table ends where the next symbol begins, or what no longer is an address.
    if (count > 0 && kernel.symbols.at(place)?.symbol.name !== name) break;
    const target = kernel.word(place);
    const expected = file && fileWord(kernel, file, place);
    if (expected !== undefined) {
      if (target === expected) {
        compared++;
        continue;
      }
      if (!isKernelAddress(target) && !isKernelAddress(expected)) break;
      compared++;
      const detail = `the kernel file has ${kernel.name(expected)}`;
      hooks.push({
        ...{ where: `${name}[${count}]`, symbol: owners.name(target), address: target, owner: owners.of(target) },
        detail,
      });
      continue;
    }
    if (!isKernelAddress(target)) break;
    const call = kernel.profile.syscalls.find(({ number }) => name === 'sys_call_table' && number === count);
    hooks.push(...owners.check(`${name}[${count}]`, target, call === undefined ? '' : `call ${call.name}`));
  }
  notes.push(`${name}: ${count} entries, ${compared} compared with the kernel file`);
  return hooks;
}

const isKernelAddress = (address: bigint): boolean => address >> 47n === 0x1ffffn;

/** A pointer as the kernel's file has it, relocated. */
function fileWord(kernel: KernelStructures, file: KernelFile, address: bigint): bigint | undefined {
  const shift = kernelShift(kernel, file);
  const bytes = file.read(address - shift, 8);
  if (bytes === undefined) return undefined;
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return isKernelAddress(value) ? value + shift : value;
}

/** How far KASLR moved the kernel from where its file says. */
function kernelShift(kernel: KernelStructures, file: KernelFile): bigint {
  return kernel.symbol('_text') - file.textStart;
}
