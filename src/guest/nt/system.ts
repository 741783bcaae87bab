// Which Windows NT runs, by what it tells every process: KUSER_SHARED_DATA, a page that stands at one address in all
// versions (its fields since NT 4.0, the build since 10; public headers of the driver kit).
import type { KernelMemory } from '../memory.ts';
import type { NtProcessor } from './services.ts';
import { NT_VERSIONS } from './tables/services.ts';

/** What is known of an NT guest; plain data. */
export interface NtSystem {
  readonly processor: NtProcessor;
  readonly major: number;
  readonly minor: number;
  /** null: this version does not tell. */
  readonly build: number | null;
  /** The version whose services are known by number; null: none of those in the table. */
  readonly version: string | null;
  /** What the answer rests on, a line each. */
  readonly evidence: readonly string[];
}

/** Name of the fact in a trace's profile that holds an NtSystem. */
export const NT_FACT = 'nt.system';

/** Where processes see it; the kernel's own address, by size of its pointers, is there in all of them. */
const SHARED = { user: 0x7ffe_0000n, 4: 0xffdf_0000n, 8: 0xffff_f780_0000_0000n } as const;
/** Its fields. */
const AT = { systemRoot: 0x30, build: 0x260, major: 0x26c, minor: 0x270 } as const;
const SHARED_BYTES = 0x274;
const ROOT_BYTES = 2 * 64;

/** Versions of the table of services by their numbers; those of x64 without 5.1. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  '4.0': 'NT 4.0',
  '5.0': '2000',
  '5.1': 'XP',
  '5.2': '2003',
  '6.0': 'Vista',
  '6.1': '7',
  '6.2': '8',
  '6.3': '8.1',
  '10.0': '10',
};
/** Services were renumbered with nearly each build of 10; the table has those of 2004 to 22H2, which are one. */
const BUILDS_OF_10 = { first: 19041, last: 19045 } as const;

/** undefined: the page is not there, or does not say what NT would. `memory`: as a process of the guest sees it. */
export function readNtSystem(memory: KernelMemory, processor: NtProcessor): NtSystem | undefined {
  for (const address of [SHARED.user, SHARED[memory.pointerBytes]]) {
    const shared = memory.read(address, SHARED_BYTES);
    const system = shared && systemOf(shared, address, processor);
    if (system !== undefined) return system;
  }
  return undefined;
}

function systemOf(shared: Uint8Array, address: bigint, processor: NtProcessor): NtSystem | undefined {
  const view = new DataView(shared.buffer, shared.byteOffset, shared.length);
  const [root = ''] = Buffer.from(shared.subarray(AT.systemRoot, AT.systemRoot + ROOT_BYTES))
    .toString('utf16le')
    .split('\0');
  const major = view.getUint32(AT.major, true);
  const minor = view.getUint32(AT.minor, true);
  const named = BY_NUMBER[`${major}.${minor}`];
  if (!/^[A-Z]:\\[ -~]+$/i.test(root) || named === undefined) return undefined;
  const build = major < 10 ? null : view.getUint32(AT.build, true) & 0xffff;
  const renumbered = build !== null && (build < BUILDS_OF_10.first || build > BUILDS_OF_10.last);
  const listed = (NT_VERSIONS[processor] as readonly string[]).includes(named) && !renumbered;
  const buildText = build === null ? '' : `, build ${build}`;
  return {
    processor,
    major,
    minor,
    build,
    version: listed ? named : null,
    evidence: [
      `KUSER_SHARED_DATA at 0x${address.toString(16)}: version ${major}.${minor} (${named})${buildText}, system in ${root}`,
      listed
        ? `services are named as in ${named}`
        : `services of ${named}${buildText} are not known by number: candidates are told`,
    ],
  };
}
