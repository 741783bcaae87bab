import { INTERRUPT_VECTORS } from '../../guest/linux/tables/interrupt-vectors.ts';
import { type FoundIntrospection, introspections } from '../../trace/introspection.ts';
import type { Fact } from '../../trace/messages.ts';
import { KernelSymbols } from '../addresses/kernel-symbols.ts';

/** Addresses or ports, and the device that answers there. */
export type DeviceRange = readonly [base: number, length: number, device: string];

/** What a trigger asked for, and the bytes of the memory that it named. */
export type Introspected = FoundIntrospection;

/** Names for what events say by number. */
export interface TrapNames {
  readonly watches: readonly string[];
  /** undefined: the trace does not tell. */
  readonly windows: readonly DeviceRange[] | undefined;
  readonly ports: readonly DeviceRange[] | undefined;
  /** Interrupt vectors that the guest's kernel has given a meaning once and for all. */
  readonly vectors: ReadonlyMap<number, string>;
  /** By instruction count: the introspection that began there. */
  readonly introspections: ReadonlyMap<number, Introspected>;
  readonly symbols: KernelSymbols;
}

/** From a trace's profile. A fact that is no JSON counts as missing. */
export function trapNames(profile: ReadonlyMap<string, Fact>): TrapNames {
  const fact = (name: string): unknown => readable(() => JSON.parse(profile.get(name)?.json ?? 'null'));
  const list = (name: string): unknown[] | undefined => {
    const value = fact(name);
    return Array.isArray(value) && value.length > 0 ? value : undefined;
  };
  const linux = String(fact('linux.banner') ?? '').startsWith('Linux version');
  return {
    watches: list('watches')?.map(String) ?? [],
    windows: list('machine.windows')?.filter(isRange),
    ports: list('machine.ports')?.filter(isRange),
    vectors: linux ? INTERRUPT_VECTORS : new Map(),
    introspections: new Map(
      readable(() => introspections(profile.values()).map((found) => [found.introspection.icount, found] as const)),
    ),
    symbols: KernelSymbols.of(profile),
  };
}

function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function isRange(value: unknown): value is DeviceRange {
  const [base, length, device] = Array.isArray(value) ? value : [];
  return typeof base === 'number' && typeof length === 'number' && typeof device === 'string';
}

/** The device at an address or port: `nobody` where none answers; undefined when the trace does not tell. */
export function deviceAt(ranges: readonly DeviceRange[] | undefined, place: number): string | undefined {
  if (ranges === undefined) return undefined;
  return ranges.find(([base, length]) => place >= base && place < base + length)?.[2] ?? 'nobody';
}
