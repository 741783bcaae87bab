import type { Machine } from '../emu/machine.ts';
import { type LinuxProfile, readLinuxProfile } from '../guest/linux/profile.ts';
import { PagedMemory, type Paging, readString } from '../guest/memory.ts';
import { type NtSystem, readNtSystem } from '../guest/nt/system.ts';
import type { ProcessorFacts } from '../guest/processor.ts';

/** A machine looked at from outside, between two runs. Nothing in it changes by that. */
export interface Inspection {
  readonly processor: ProcessorFacts;
  readonly memory: PagedMemory;
  /** Undefined where no Linux kernel that describes itself is found. */
  readonly profile: LinuxProfile | undefined;
  /** Undefined where no Windows NT is found. */
  readonly nt: NtSystem | undefined;
}

const CR0_PAGING = 1n << 31n;
/** Place of GS among the segment registers. */
const GS = 5;
const CR4_PAE = 1n << 5n;
const EFER_LONG_MODE_ACTIVE = 1n << 10n;
/**
 * PTI_USER_PGTABLE_BIT: under page-table isolation the tables of user mode lie one page behind the kernel's, and map the
 * kernel's code but not its data. Without isolation the page before is no table, or another process's, with the same kernel.
 * 32-bit paging has no isolation.
 */
const USER_TABLES = 0x1000n;

/** `known`: what was read of this guest's kernel before, which then is not read again as long as that kernel runs. */
export function inspect(machine: Machine, known?: LinuxProfile): Inspection {
  const { memory } = machine;
  const physical = (address: number, length: number): Uint8Array | undefined =>
    memory.contains(address, length) ? memory.read(address, length) : undefined;
  const processor = processorFacts(machine);
  const { cr3, paging } = processor;
  if (paging === undefined) {
    return { processor, memory: new PagedMemory(physical, 0n), profile: undefined, nt: undefined };
  }
  for (const root of paging === '32-bit' ? [cr3] : [cr3 & ~USER_TABLES, cr3]) {
    const paged = new PagedMemory(physical, root, paging);
    const own = { ...processor, cr3: root };
    const profile = known !== undefined && isStill(known, paged) ? known : readLinuxProfile(paged, own);
    if (profile !== undefined) return { processor: own, memory: paged, profile, nt: undefined };
  }
  const present = new PagedMemory(physical, cr3, paging);
  const nt = readNtSystem(present, processor.longMode ? 'x64' : 'x86');
  return { processor, memory: present, profile: undefined, nt };
}

/** The kernel's banner stands where it stood. */
function isStill({ banner }: LinuxProfile, memory: PagedMemory): boolean {
  return banner !== undefined && readString(memory, banner.address, 512)?.trim() === banner.text;
}

function processorFacts({ core }: Machine): ProcessorFacts {
  const longMode = (core.get64('efer') & EFER_LONG_MODE_ACTIVE) !== 0n;
  const gs = core.get64('segBase', GS);
  const pae: Paging = (core.get64('cr4') & CR4_PAE) !== 0n ? 'pae' : '32-bit';
  return {
    longMode,
    paging: (core.get64('cr0') & CR0_PAGING) === 0n ? undefined : longMode ? 'long' : pae,
    gdt: { base: core.get64('gdtrBase'), limit: core.get('gdtrLimit') },
    idt: { base: core.get64('idtrBase'), limit: core.get('idtrLimit') },
    lstar: core.get64('lstar'),
    cstar: core.get64('cstar'),
    sysenterEip: core.get64('sysenterEip'),
    kernelGs: BigInt.asIntN(64, gs) < 0n ? gs : core.get64('kernelGsBase'),
    cr3: core.get64('cr3'),
  };
}
