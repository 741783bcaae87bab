import { gateCount, type ProcessorFacts, readGate } from '../../processor.ts';
import { type KernelStructures, NotKnown, orNote } from './kernel.ts';
import type { KernelModule } from './modules.ts';
import { compareText, type KernelFile, type TextChange } from './text.ts';

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
  if (file === undefined) notes.push('kernel text: not compared, no kernel file');
  else {
    const compared = orNote(notes, 'kernel text', () => compareText(kernel, file));
    if (compared !== undefined) {
      notes.push(...compared.notes);
      for (const change of compared.changes) hooks.push(changedText(kernel, owners, change));
      for (const { address, target } of compared.calls) {
        const owner = owners.of(target);
        if (owner !== 'kernel' && owner !== FTRACE)
          hooks.push({
            where: 'text',
            symbol: kernel.name(address),
            address: target,
            owner,
            detail: 'called at its entry',
          });
      }
    }
  }
  return { hooks, notes };
}

/** Owned by whom the code now leads to, else by the kernel. */
function changedText(kernel: KernelStructures, owners: Owners, { address, length, target, detail }: TextChange): Hook {
  const owner = target === undefined ? 'kernel' : owners.of(target);
  const leads = owner === 'kernel' || target === undefined ? '' : ` jumps out to 0x${target.toString(16)}`;
  return {
    ...{ where: 'text', symbol: kernel.name(address), address, owner },
    detail: `${length} bytes differ from the kernel file: ${detail}${leads}`,
  };
}

/** 32 stubs of 9 bytes, 13 with control-flow protection (EARLY_IDT_HANDLER_SIZE). */
const EARLY_STUBS = 32n * 13n;
const FTRACE = 'ftrace trampoline';

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
    return module?.name ?? 'unknown memory';
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
    else hooks.push(...owners.check(`IDT vector ${vector}`, handler));
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
