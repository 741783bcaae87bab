import type { Machine } from '../emu/machine.ts';
import { type LinuxProfile, readLinuxProfile } from '../guest/linux/profile.ts';
import { PagedMemory, readString } from '../guest/memory.ts';
import type { NtSystem } from '../guest/nt/system.ts';
import type { ProcessorFacts } from '../guest/processor.ts';
import { findNt } from './nt-guest.ts';

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
const EFER_LONG_MODE_ACTIVE = 1n << 10n;
/**
 * PTI_USER_PGTABLE_BIT: under page-table isolation the tables of user mode lie one page behind the kernel's, and map the
 * kernel's code but not its data. Without isolation the page before is no table, or another process's, with the same kernel.
 */
const USER_TABLES = 0x1000n;
const FRAME = 0x000f_ffff_ffff_f000n;

/** `known`: what was read of this guest's kernel before, which then is not read again as long as that kernel runs. */
export function inspect(machine: Machine, known?: LinuxProfile): Inspection {
  const { core, memory } = machine;
  const physical = (address: number, length: number): Uint8Array | undefined =>
    memory.contains(address, length) ? memory.read(address, length) : undefined;
  const lstar = core.get64('lstar');
  const cr3 = core.get64('cr3') & FRAME;
  const seen = [cr3 & ~USER_TABLES, cr3].map((root) => {
    const paged = new PagedMemory(physical, root);
    const read = (): LinuxProfile | undefined =>
      known !== undefined && isStill(known, paged) ? known : readLinuxProfile(paged, lstar);
    return { root, memory: paged, read };
  });
  const paging = (core.get64('cr0') & CR0_PAGING) !== 0n;
  for (const { root, memory: paged, read } of paging ? seen : []) {
    const profile = read();
    if (profile !== undefined)
      return { processor: processorFacts(machine, root), memory: paged, profile, nt: undefined };
  }
  const nt = findNt(machine);
  return { processor: processorFacts(machine, cr3), memory: seen[1]!.memory, profile: undefined, nt };
}

/** The kernel's banner stands where it stood. */
function isStill({ banner, symbols }: LinuxProfile, memory: PagedMemory): boolean {
  const at = symbols.address('linux_banner');
  return at !== undefined && banner !== '' && readString(memory, at, 512)?.trim() === banner;
}

function processorFacts({ core }: Machine, cr3: bigint): ProcessorFacts {
  return {
    longMode: (core.get64('efer') & EFER_LONG_MODE_ACTIVE) !== 0n,
    paging: (core.get64('cr0') & CR0_PAGING) !== 0n,
    gdt: { base: core.get64('gdtrBase'), limit: core.get('gdtrLimit') },
    idt: { base: core.get64('idtrBase'), limit: core.get('idtrLimit') },
    lstar: core.get64('lstar'),
    cstar: core.get64('cstar'),
    sysenterEip: core.get64('sysenterEip'),
    cr3,
  };
}
