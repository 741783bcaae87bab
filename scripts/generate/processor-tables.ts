import { cpuid, SIGNATURE, type Vendor } from '../../src/emu/isa/cpuid.ts';
import { MSR_KINDS, msrs } from '../../src/emu/isa/msrs.ts';
import { fieldAddress } from '../../src/emu/layout.ts';
import * as monitor from '../../src/emu/monitor-layout.ts';

const halves = (value: bigint): number[] => [Number(value & 0xffff_ffffn), Number(value >> 32n)];
const words = (values: readonly number[]) => `memory.data<u32>([${values.map((value) => value >>> 0).join(',')}])`;

const ALL = 0xffff_ffff_ffff_ffffn;

/** isa/msrs.ts as a table of 32-byte rows, ascending: u32 index, kind, u32 field address, pad, u64 value, u64 writable. */
export function msrTable(): string {
  const rows = [...msrs].sort((a, b) => a.index - b.index);
  const values = rows.flatMap((row) => [
    row.index,
    MSR_KINDS.indexOf(row.kind),
    row.field === undefined ? 0 : fieldAddress(row.field, row.element ?? 0),
    0,
    ...halves(row.value ?? 0n),
    ...halves(row.writable ?? ALL),
  ]);
  const kinds = MSR_KINDS.map(
    (name, kind) => `export const MSR_${name.replace(/([A-Z])/g, '_$1').toUpperCase()}: u32 = ${kind};`,
  );
  return `${kinds.join('\n')}
export const MSR_COUNT: u32 = ${rows.length};
export const MSR_ROWS: usize = ${words(values)};
`;
}

/** isa/cpuid.ts as 28-byte rows: leaf, subleaf (ffffffffh: any), vendor (ffffffffh: any), eax, ebx, ecx, edx. */
export function cpuidTable(): string {
  const vendors: Vendor[] = ['AuthenticAMD', 'GenuineIntel'];
  const values = cpuid.flatMap((row) => [
    row.leaf,
    row.subleaf ?? 0xffff_ffff,
    row.vendor === undefined ? 0xffff_ffff : vendors.indexOf(row.vendor),
    row.eax ?? 0,
    row.ebx ?? 0,
    row.ecx ?? 0,
    row.edx ?? 0,
  ]);
  return `export const CPUID_COUNT: u32 = ${cpuid.length};
export const CPUID_ROWS: usize = ${words(values)};
export const CPUID_SIGNATURES: usize = ${words(vendors.map((vendor) => SIGNATURE[vendor]))};
`;
}

/** Every constant of monitor-layout.ts: `RECORD.kind` becomes `RECORD_kind`. */
export function monitorConstants(): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(monitor)) {
    if (typeof value === 'number') lines.push(`export const ${name}: u32 = ${value};`);
    else {
      for (const [key, entry] of Object.entries(value)) lines.push(`export const ${name}_${key}: u32 = ${entry};`);
    }
  }
  return `${lines.join('\n')}\n`;
}
