import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type Image, OUTPUT } from './image.ts';
import type { Stretch } from './marks.ts';
import { installed, measure } from './qemu.ts';

const LOADER = new URL('./bochs/loader.asm', import.meta.url).pathname;
const BIOS = '/usr/share/bochs/BIOS-bochs-latest';
const VGA = '/usr/share/bochs/VGABIOS-lgpl-latest';
const SECTOR = 512;
const SETUP_AT = 0x90000;
const KERNEL_AT = 0x10_0000;
const RAMDISK_AT = 0x800_0000;
/** Within the setup's segment: its heap ends below the stack, the command line lies above. */
const HEAP_END = 0xd800;
const COMMAND_LINE = 0xe000;
const SETUP_BYTES = 0xf000;

/** Fields of the setup header (Documentation/x86/boot.rst). */
const HEADER = {
  setupSectors: 0x1f1,
  loader: 0x210,
  flags: 0x211,
  ramdisk: 0x218,
  ramdiskSize: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
};
const UNKNOWN_LOADER = 0xff;
const CAN_USE_HEAP = 0x80;

/** Runs the image in Bochs; undefined where it, its BIOS or nasm is not installed. */
export async function runBochs(image: Image): Promise<readonly Stretch[] | undefined> {
  if (!existsSync(BIOS) || !existsSync(VGA) || !installed('bochs') || !installed('nasm')) return undefined;
  const disk = `${OUTPUT}bochs.img`;
  const console = `${OUTPUT}bochs.console`;
  const settings = `${OUTPUT}bochsrc`;
  const geometry = writeDisk(image, disk);
  for (const stale of [console, `${disk}.lock`]) rmSync(stale, { force: true });
  execFileSync('mkfifo', [console]);
  writeFileSync(settings, settingsText(disk, geometry, console));
  // Debian's has the debugger, which waits for a word; from a file, as it can't bear a socket there.
  const word = `${OUTPUT}bochs.input`;
  writeFileSync(word, 'c\n');
  const emulator = spawn('bochs', ['-q', '-f', settings], { stdio: [openSync(word, 'r'), 'ignore', 'ignore'] });
  // Bochs opens its end twice: in between, and if it never does, the console must not end.
  const open = openSync(console, constants.O_RDWR | constants.O_NONBLOCK);
  emulator.once('exit', () => closeSync(open));
  return measure(emulator, createReadStream(console));
}

function settingsText(disk: string, cylinders: number, console: string): string {
  return [
    // A screen that nobody looks at; the sound of the host is not wanted either.
    'display_library: rfb, options="timeout=0"',
    'sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy',
    'speaker: enabled=0',
    `romimage: file=${BIOS}`,
    `vgaromimage: file=${VGA}`,
    'cpu: model=corei5_lynnfield_750, count=1, ips=100000000, reset_on_triple_fault=0',
    'megs: 512',
    'boot: disk',
    `ata0-master: type=disk, path=${disk}, mode=flat, cylinders=${cylinders}, heads=16, spt=63`,
    `com1: enabled=1, mode=file, dev=${console}`,
    `log: ${OUTPUT}bochs.log`,
    'panic: action=fatal',
    'error: action=report',
    'info: action=ignore',
    '',
  ].join('\n');
}

/** A disk that boots the image's kernel. Returns its cylinders. */
function writeDisk(image: Image, path: string): number {
  const binary = `${OUTPUT}loader.bin`;
  execFileSync('nasm', ['-f', 'bin', '-o', binary, LOADER]);
  const kernel = readFileSync(image.kernel);
  const ramdisk = readFileSync(image.ramdisk);
  const setupEnd = (kernel.readUInt8(HEADER.setupSectors) + 1) * SECTOR;
  const setup = Buffer.alloc(SETUP_BYTES);
  kernel.copy(setup, 0, 0, setupEnd);
  setup.writeUInt8(UNKNOWN_LOADER, HEADER.loader);
  setup.writeUInt8(setup.readUInt8(HEADER.flags) | CAN_USE_HEAP, HEADER.flags);
  setup.writeUInt32LE(RAMDISK_AT, HEADER.ramdisk);
  setup.writeUInt32LE(ramdisk.length, HEADER.ramdiskSize);
  setup.writeUInt16LE(HEAP_END - 0x200, HEADER.heapEnd);
  setup.writeUInt32LE(SETUP_AT + COMMAND_LINE, HEADER.commandLine);
  setup.write(`${image.commandLine}\0`, COMMAND_LINE, 'latin1');
  const pieces: readonly (readonly [address: number, bytes: Buffer])[] = [
    [SETUP_AT, setup],
    [KERNEL_AT, kernel.subarray(setupEnd)],
    [RAMDISK_AT, ramdisk],
  ];
  const table = Buffer.alloc(SECTOR);
  const parts: Buffer[] = [readFileSync(binary), table];
  let sector = parts.length;
  for (const [i, [address, bytes]] of pieces.entries()) {
    const count = Math.ceil(bytes.length / SECTOR);
    for (const [k, value] of [sector, count, address].entries()) table.writeUInt32LE(value, 12 * i + 4 * k);
    parts.push(bytes, Buffer.alloc(count * SECTOR - bytes.length));
    sector += count;
  }
  const cylinders = Math.ceil(sector / (16 * 63));
  parts.push(Buffer.alloc((cylinders * 16 * 63 - sector) * SECTOR));
  writeFileSync(path, Buffer.concat(parts));
  return cylinders;
}
