import { IOAPIC_BASE, IOAPIC_ID } from '../devices/ioapic.ts';
import { PCI_IO, PCI_LINES, PCI_MEMORY, RESET_PORT } from '../devices/pci.ts';
import { ACPI_IRQ, PM_PORT, SLEEP_TYPE_OFF } from '../devices/power.ts';
import type { GuestPhys } from '../units.ts';
import * as aml from './aml.ts';

const OEM = 'TRAPLN';
const LAPIC_BASE = 0xfee0_0000;
const PCI_SLOTS = 32;
const HEADER_BYTES = 36;
/** Where the RSDP lies: on a 16-byte boundary of the area that operating systems search. */
export const RSDP_ADDRESS: GuestPhys = 0xe_0000;
const TABLES_ADDRESS: GuestPhys = 0xe_0100;

/** FADT flags: WBINVD works, C1 on all processors, sleep button absent (as control method), reset register. */
const FADT_FLAGS = (1 << 0) | (1 << 2) | (1 << 5) | (1 << 10);
/** MADT interrupt-source flags: active high and level-triggered, as our lines are. */
const HIGH_LEVEL = 0x000d;

/** One block of bytes to put into guest memory. */
export interface Placed {
  readonly address: GuestPhys;
  readonly bytes: Uint8Array;
}

/** The ACPI tables of a machine with `processors` CPUs: RSDP, XSDT, FADT, FACS, DSDT and MADT (ACPI 6.4, chapter 5). */
export function acpiTables(processors: number): readonly Placed[] {
  const placed: Placed[] = [];
  let next = TABLES_ADDRESS;
  const place = (bytes: Uint8Array): GuestPhys => {
    const address = (next + 63) & ~63;
    next = address + bytes.length;
    placed.push({ address, bytes });
    return address;
  };
  const facs = place(facsTable());
  const dsdt = place(table('DSDT', 2, dsdtTerms()));
  const fadt = place(table('FACP', 6, fadtFields(facs, dsdt)));
  const madt = place(table('APIC', 5, madtEntries(processors)));
  const xsdt = place(
    table(
      'XSDT',
      1,
      [fadt, madt].flatMap((address) => le(address, 8)),
    ),
  );
  placed.push({ address: RSDP_ADDRESS, bytes: rsdp(xsdt) });
  return placed;
}

function rsdp(xsdt: GuestPhys): Uint8Array {
  const bytes = Uint8Array.from([
    ...ascii('RSD PTR '),
    0,
    ...ascii(OEM),
    2,
    ...le(0, 4),
    ...le(36, 4),
    ...le(xsdt, 8),
    0,
    0,
    0,
    0,
  ]);
  bytes[8] = checksum(bytes.subarray(0, 20));
  bytes[32] = checksum(bytes);
  return bytes;
}

function table(signature: string, revision: number, content: readonly number[]): Uint8Array {
  const bytes = Uint8Array.from([
    ...ascii(signature),
    ...le(HEADER_BYTES + content.length, 4),
    revision,
    0,
    ...ascii(OEM),
    ...ascii('TRAPLINE'),
    ...le(1, 4),
    ...ascii('TRAP'),
    ...le(1, 4),
    ...content,
  ]);
  bytes[9] = checksum(bytes);
  return bytes;
}

function facsTable(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([...ascii('FACS'), ...le(64, 4)]);
  bytes[32] = 2;
  return bytes;
}

/** Every field after the header, by its offset in the table. */
function fadtFields(facs: GuestPhys, dsdt: GuestPhys): readonly number[] {
  const bytes = new Uint8Array(276 - HEADER_BYTES);
  const set = (offset: number, size: number, value: number): void => bytes.set(le(value, size), offset - HEADER_BYTES);
  const register = (offset: number, port: number, size: number): void => {
    // Generic address structure: system I/O, width in bits, no offset, access size.
    bytes.set([1, size * 8, 0, size === 4 ? 3 : size, ...le(port, 8)], offset - HEADER_BYTES);
  };
  set(36, 4, facs);
  set(40, 4, dsdt);
  set(46, 2, ACPI_IRQ);
  set(56, 4, PM_PORT.event);
  set(64, 4, PM_PORT.control);
  set(76, 4, PM_PORT.timer);
  set(88, 1, 4);
  set(89, 1, 2);
  set(91, 1, 4);
  // No C2 and no C3.
  set(96, 2, 101);
  set(98, 2, 1001);
  set(108, 1, 0x32);
  // Legacy devices and a keyboard controller are there; no VGA.
  set(109, 2, 0b111);
  set(112, 4, FADT_FLAGS);
  register(116, RESET_PORT, 1);
  set(128, 1, 0x06);
  set(131, 1, 4);
  set(132, 8, facs);
  set(140, 8, dsdt);
  register(148, PM_PORT.event, 4);
  register(172, PM_PORT.control, 2);
  register(208, PM_PORT.timer, 4);
  return [...bytes];
}

function madtEntries(processors: number): readonly number[] {
  const locals = Array.from({ length: processors }, (_, id) => [0, 8, id, id, ...le(1, 4)]);
  const sourceOverride = (source: number, pin: number, flags: number): readonly number[] => [
    2,
    10,
    0,
    source,
    ...le(pin, 4),
    ...le(flags, 2),
  ];
  return [
    ...le(LAPIC_BASE, 4),
    // A pair of 8259s is there as well.
    ...le(1, 4),
    ...locals.flat(),
    1,
    12,
    IOAPIC_ID,
    0,
    ...le(IOAPIC_BASE, 4),
    ...le(0, 4),
    ...sourceOverride(0, 2, 0),
    ...sourceOverride(ACPI_IRQ, ACPI_IRQ, HIGH_LEVEL),
    ...PCI_LINES.flatMap((line) => sourceOverride(line, line, HIGH_LEVEL)),
    // NMI at LINT1 of every processor.
    4,
    6,
    0xff,
    ...le(0, 2),
    1,
  ];
}

function dsdtTerms(): aml.Aml {
  const off = aml.list(aml.integer(SLEEP_TYPE_OFF), aml.integer(SLEEP_TYPE_OFF), aml.integer(0), aml.integer(0));
  return [...aml.name('\\_S5', off), ...aml.scope('\\_SB', pciRoot())];
}

function pciRoot(): aml.Aml {
  return aml.device(
    'PCI0',
    aml.name('_HID', aml.eisaId('PNP0A03')),
    aml.name('_ADR', aml.integer(0)),
    aml.name('_UID', aml.integer(0)),
    aml.name(
      '_CRS',
      aml.resources(
        aml.busRange(0, 0xff),
        aml.ioPorts(0xcf8, 8),
        aml.ioRange(0, 0xcf7),
        aml.ioRange(0xd00, PCI_IO.base + PCI_IO.size - 1),
        aml.memoryRange(PCI_MEMORY.base, PCI_MEMORY.base + PCI_MEMORY.size - 1),
      ),
    ),
    aml.name('_PRT', routing()),
    legacyDevice('COM1', 'PNP0501', 1, aml.ioPorts(0x3f8, 8), aml.irq(4)),
    legacyDevice('COM2', 'PNP0501', 2, aml.ioPorts(0x2f8, 8), aml.irq(3)),
    legacyDevice('KBD', 'PNP0303', 0, aml.ioPorts(0x60, 1), aml.ioPorts(0x64, 1), aml.irq(1)),
    legacyDevice('RTC', 'PNP0B00', 0, aml.ioPorts(0x70, 2), aml.irq(8)),
  );
}

/** INTA# of each slot ends at a fixed interrupt; the other pins are not wired. */
function routing(): aml.Aml {
  const entries = Array.from({ length: PCI_SLOTS - 1 }, (_, i) => {
    const slot = i + 1;
    return aml.list(
      aml.integer(slot * 0x1_0000 + 0xffff),
      aml.integer(0),
      aml.integer(0),
      aml.integer(PCI_LINES[slot % PCI_LINES.length]!),
    );
  });
  return aml.list(...entries);
}

function legacyDevice(path: string, hardwareId: string, unit: number, ...descriptors: readonly aml.Aml[]): aml.Aml {
  return aml.device(
    path,
    aml.name('_HID', aml.eisaId(hardwareId)),
    aml.name('_UID', aml.integer(unit)),
    aml.name('_CRS', aml.resources(...descriptors)),
  );
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return -sum & 0xff;
}

function le(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 0xff);
}

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
