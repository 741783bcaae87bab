import { acpiTables } from '../acpi/tables.ts';
import type { Platform } from '../devices/device.ts';
import { PCI_LINES, type PciBus } from '../devices/pci.ts';
import type { GuestPhys } from '../units.ts';

/** The machine's buses as firmware programs them. */
export interface FirmwareTarget extends Pick<Platform, 'memory'> {
  readonly pci: PciBus;
  portOut(port: number, size: number, value: number): void;
}

/** Interrupt handlers in the F000h segment, at the place of the PC's own dummy handler. */
const HANDLER_SEGMENT = 0xf000;
const IGNORE = 0xff53;
const END_MASTER = 0xff60;
const END_BOTH = 0xff70;
/** iret; push ax, mov al 20h, out 20h al, pop ax, iret; the same with out a0h first. */
const CODE: readonly (readonly [offset: number, bytes: readonly number[]])[] = [
  [IGNORE, [0xcf]],
  [END_MASTER, [0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf]],
  [END_BOTH, [0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf]],
];
const PIC = [
  { command: 0x20, data: 0x21, vectors: 0x08, wiring: 4, mask: 0xfa, handler: END_MASTER },
  { command: 0xa0, data: 0xa1, vectors: 0x70, wiring: 2, mask: 0xff, handler: END_BOTH },
] as const;
const ELCR = 0x4d0;
/** Counter 0 in mode 3 with its longest period: 18.2 times a second. */
const PIT_CONTROL = 0x36;

/**
 * Leaves the machine as a PC's firmware leaves it to a boot loader: PCI resources assigned, interrupt controllers and
 * timer running, real-mode vectors that return at once, ACPI tables in memory.
 */
export function runFirmware(target: FirmwareTarget, processors: number): void {
  target.pci.assignResources();
  writeVectors(target.memory);
  for (const { command, data, vectors, wiring, mask } of PIC) {
    target.portOut(command, 1, 0x11);
    for (const word of [vectors, wiring, 0x01, mask]) target.portOut(data, 1, word);
  }
  const levels = PCI_LINES.reduce((set, line) => set | (1 << line), 0);
  target.portOut(ELCR, 1, levels & 0xff);
  target.portOut(ELCR + 1, 1, levels >> 8);
  target.portOut(0x43, 1, PIT_CONTROL);
  target.portOut(0x40, 1, 0);
  target.portOut(0x40, 1, 0);
  for (const { address, bytes } of acpiTables(processors)) target.memory.write(address, bytes);
}

function writeVectors(memory: Platform['memory']): void {
  for (const [offset, bytes] of CODE) memory.write(HANDLER_SEGMENT * 16 + offset, Uint8Array.from(bytes));
  for (let vector = 0; vector < 256; vector++) setVector(memory, vector, IGNORE);
  for (const { vectors, handler } of PIC) {
    for (let input = 0; input < 8; input++) setVector(memory, vectors + input, handler);
  }
}

function setVector(memory: Platform['memory'], vector: number, offset: number): void {
  const at: GuestPhys = vector * 4;
  memory.writeU16(at, offset);
  memory.writeU16(at + 2, HANDLER_SEGMENT);
}
