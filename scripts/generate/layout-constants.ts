import {
  CR_ACCESS_XCR0,
  DESCRIPTOR_TABLE,
  EXIT,
  FIELDS,
  PAGE_INFO,
  PAGE_WRITTEN,
  PORT_ACCESS,
  REGION,
  SECOND_LEVEL,
  SENSITIVE,
  VCPU,
  VMCS_CONTROL,
} from '../../src/emu/layout.ts';

const upper = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();

/** layout.ts as constants of the core: fields by name, REGION_*, VCPU_*, EXIT_*, CONTROL_*, SENSITIVE_*, SECOND_LEVEL_*, ... */
export function layoutConstants(): string {
  const lines: string[] = [];
  const constant = (name: string, type: string, value: number) =>
    lines.push(`export const ${name}: ${type} = ${value};`);
  for (const field of FIELDS.values()) constant(upper(field.name), 'usize', field.address);
  for (const [name, region] of Object.entries(REGION)) {
    constant(`REGION_${upper(name)}`, 'usize', region.address);
    constant(`REGION_${upper(name)}_SIZE`, 'usize', region.size);
  }
  for (const [name, value] of Object.entries(VCPU)) constant(`VCPU_${upper(name)}`, 'u32', value);
  for (const [name, value] of Object.entries(EXIT)) constant(`EXIT_${upper(name)}`, 'u32', value);
  constant('PAGE_INFO_WRITTEN', 'usize', PAGE_INFO.written);
  constant('PAGE_WRITTEN', 'u32', PAGE_WRITTEN.recently | PAGE_WRITTEN.ever);
  for (const [name, value] of Object.entries(VMCS_CONTROL)) constant(`CONTROL_${upper(name)}`, 'u32', value);
  for (const [name, value] of Object.entries(SECOND_LEVEL)) constant(`SECOND_LEVEL_${upper(name)}`, 'u32', value);
  constant('CR_ACCESS_XCR0', 'u32', CR_ACCESS_XCR0);
  for (const [name, value] of Object.entries(DESCRIPTOR_TABLE))
    constant(`DESCRIPTOR_TABLE_${upper(name)}`, 'u32', value);
  for (const [name, value] of Object.entries(PORT_ACCESS)) constant(`PORT_ACCESS_${upper(name)}`, 'u32', value);
  SENSITIVE.forEach((name, bit) => {
    constant(`SENSITIVE_${upper(name)}`, 'u32', bit);
  });
  return `${lines.join('\n')}\n`;
}
