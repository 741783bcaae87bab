import type { LinuxProfile } from './linux/profile.ts';
import type { NtSystem } from './nt/system.ts';
import type { ProcessorFacts } from './processor.ts';

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

/** Which system runs: descriptor tables first, as the literature does, then what only that system can have. */
export function recogniseSystem(
  processor: ProcessorFacts,
  profile: LinuxProfile | undefined,
  nt?: NtSystem,
): OperatingSystem {
  const { gdt, idt } = processor;
  const evidence: string[] = [];
  const suits = GDT_LIMITS.filter(({ limit }) => limit === gdt.limit);
  const readings = suits.map(({ what }) => what).join(', or ');
  evidence.push(`GDT limit ${hex(gdt.limit)}: ${readings === '' ? 'of no system that is known by it' : readings}`);
  evidence.push(`IDT limit ${hex(idt.limit)}: ${Math.floor((idt.limit + 1) / (processor.longMode ? 16 : 8))} gates`);
  if (profile === undefined) {
    if (nt !== undefined) {
      const { major, minor, build } = nt;
      const version = `NT ${major}.${minor}${build === null ? '' : `.${build}`}`;
      return { family: 'Windows', version, evidence: [...evidence, ...nt.evidence] };
    }
    evidence.push('no kallsyms around LSTAR: not confirmed');
    const families = new Set(suits.map(({ family }) => family));
    const [only] = families;
    return { family: families.size === 1 ? only! : 'unknown', version: '', evidence };
  }
  evidence.push(...profile.evidence);
  const banner = profile.banner?.text ?? 'not found';
  evidence.push(`linux_banner: ${banner}`);
  const version = /Linux version (\S+)/.exec(banner)?.[1] ?? '';
  return { family: 'Linux', version, evidence };
}

const hex = (value: number): string => `0x${value.toString(16)}`;
