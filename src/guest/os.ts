import { type LinuxProfile, readLinuxBanner } from './linux/profile.ts';
import type { KernelMemory } from './memory.ts';
import { findControlRegion, type NtControlRegion } from './nt/control-region.ts';
import type { NtSystem } from './nt/system.ts';
import { gateCount, type ProcessorFacts } from './processor.ts';

export interface OperatingSystem {
  readonly family: 'Linux' | 'Windows' | 'unknown';
  /** As the system itself spells it; empty when not known. */
  readonly version: string;
  /** What the answer rests on, the weakest first; a line each. */
  readonly evidence: readonly string[];
}

/**
 * Descriptor-table limits after start-up. GDTs: Linux's 16 entries (GDT_ENTRIES of arch/x86/include/asm/segment.h; 32 in
 * 32-bit kernels), Windows's as its kernel debugger shows them.
 */
const GDT_LIMITS: readonly { limit: number; family: 'Linux' | 'Windows'; what: string }[] = [
  { limit: 0x7f, family: 'Linux', what: '16 entries, a 64-bit Linux' },
  { limit: 0xff, family: 'Linux', what: '32 entries, a 32-bit Linux' },
  { limit: 0x57, family: 'Windows', what: 'a 64-bit Windows from 10 on' },
  { limit: 0x7f, family: 'Windows', what: 'a 64-bit Windows 7 or 8' },
  { limit: 0x6f, family: 'Windows', what: 'a 64-bit Windows Vista or 2003' },
  { limit: 0x3ff, family: 'Windows', what: 'a 32-bit Windows' },
];

/** Whether some Linux has a GDT of that limit. */
export function mayBeLinux(gdtLimit: number): boolean {
  return GDT_LIMITS.some(({ limit, family }) => limit === gdtLimit && family === 'Linux');
}

/**
 * Which system runs: descriptor tables first, as the literature does, then what only that system can have. What is not
 * confirmed stays unknown: other kernels have tables of these sizes too.
 */
export function recogniseSystem(
  memory: KernelMemory,
  processor: ProcessorFacts,
  profile: LinuxProfile | undefined,
  nt: NtSystem | undefined,
): OperatingSystem {
  const { gdt, idt } = processor;
  const evidence: string[] = [];
  const suits = GDT_LIMITS.filter(({ limit }) => limit === gdt.limit);
  const readings = suits.map(({ what }) => what).join(', or ');
  evidence.push(`GDT limit ${hex(gdt.limit)}: ${readings === '' ? 'of no system that is known by it' : readings}`);
  evidence.push(`IDT limit ${hex(idt.limit)}: ${gateCount(processor)} gates`);
  if (profile !== undefined) return linux([...evidence, ...profile.evidence], profile.banner);
  if (processor.paging !== undefined) {
    evidence.push('no kallsyms where calls and faults enter the kernel');
    const banner = readLinuxBanner(memory, processor);
    if (banner !== undefined) return linux(evidence, banner);
    const region = findControlRegion(memory, processor);
    if (region !== undefined || nt !== undefined) return windows(evidence, region, nt);
  }
  evidence.push('no Linux banner, no processor control region of NT: not confirmed');
  return { family: 'unknown', version: '', evidence };
}

function linux(evidence: readonly string[], banner: LinuxProfile['banner']): OperatingSystem {
  const text = banner?.text ?? 'not found';
  const version = /Linux version (\S+)/.exec(text)?.[1] ?? '';
  return { family: 'Linux', version, evidence: [...evidence, `linux_banner: ${text}`] };
}

function windows(
  evidence: readonly string[],
  region: NtControlRegion | undefined,
  system: NtSystem | undefined,
): OperatingSystem {
  const more: string[] = [];
  if (region !== undefined) {
    const at = `0x${region.address.toString(16)}`;
    more.push(
      `processor control region at ${at}: it names itself and this processor's IDT and GDT, as NT's does`,
      `its current thread: 0x${region.thread.toString(16)}`,
    );
  }
  more.push(...(system?.evidence ?? ['KUSER_SHARED_DATA: not found, its version is not known']));
  return {
    family: 'Windows',
    version: system === undefined ? '' : ntVersion(system),
    evidence: [...evidence, ...more],
  };
}

const ntVersion = ({ major, minor, build }: NtSystem): string =>
  `NT ${major}.${minor}${build === null ? '' : `.${build}`}`;

const hex = (value: number): string => `0x${value.toString(16)}`;
