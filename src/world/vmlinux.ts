import zlib from 'node:zlib';
import { UserError } from '../emu/errors.ts';
import type { KernelFile } from '../guest/linux/views/text.ts';
import { unlz4, unxz, unzstd } from './unpack.ts';

/** Offsets in a bzImage's setup header (the kernel's Documentation/x86/boot.rst). */
const SETUP = { sectors: 0x1f1, magic: 0x202, payload: 0x248, payloadLength: 0x24c } as const;
const MAGIC = 0x5372_6448;
const SECTOR = 512;
/** Unpacked size behind every payload but gzip's. */
const SIZE_BYTES = 4;

type Unpacker = (bytes: Uint8Array, what: string) => Uint8Array;

const FORMATS: readonly { name: string; magic: readonly number[]; unpack: Unpacker | undefined }[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], unpack: (bytes) => zlib.gunzipSync(bytes) },
  { name: 'LZ4', magic: [0x02, 0x21, 0x4c, 0x18], unpack: unlz4 },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58], unpack: (bytes, what) => unxz(bytes.subarray(0, -SIZE_BYTES), what) },
  {
    name: 'zstd',
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    unpack: (bytes, what) => unzstd(bytes.subarray(0, -SIZE_BYTES), what),
  },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], unpack: undefined },
  { name: 'LZMA', magic: [0x5d, 0x00, 0x00], unpack: undefined },
  { name: 'LZO', magic: [0x89, 0x4c, 0x5a, 0x4f], unpack: undefined },
];

/** The vmlinux in a bzImage. Throws UserError for a format that can't be unpacked. */
export function readKernelFile(image: Uint8Array, what: string): KernelFile {
  return new Vmlinux(unpackKernel(image, what), what);
}

/** The vmlinux in a bzImage as bytes, with what was appended to it. Throws UserError, as `readKernelFile` does. */
export function unpackKernel(image: Uint8Array, what: string): Uint8Array {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  if (image.length < SECTOR * 2 || view.getUint32(SETUP.magic, true) !== MAGIC)
    throw new UserError(`${what}: not a bzImage`);
  const start = ((view.getUint8(SETUP.sectors) || 4) + 1) * SECTOR + view.getUint32(SETUP.payload, true);
  const payload = image.subarray(start, start + view.getUint32(SETUP.payloadLength, true));
  const format = FORMATS.find(({ magic }) => magic.every((byte, i) => payload[i] === byte));
  if (format?.unpack === undefined)
    throw new UserError(`${what}: its kernel is packed with ${format?.name ?? 'something unknown'}, which is not read`);
  return format.unpack(payload, what);
}

const ELF_MAGIC = 0x464c_457f;
const CLASS_64 = 2;
const SECTION = { name: 0, type: 4, flags: 8, address: 16, offset: 24, size: 32, bytes: 64 } as const;
const NO_BITS = 8;
const ALLOCATED = 2n;

interface Section {
  readonly name: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** ELF (System V ABI) with the kernel's relocations behind it (arch/x86/boot/compressed/misc.c, handle_relocations). */
class Vmlinux implements KernelFile {
  readonly textStart: bigint;
  readonly relocations: KernelFile['relocations'];
  readonly #sections: readonly Section[];

  constructor(bytes: Uint8Array, what: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (view.getUint32(0, true) !== ELF_MAGIC || bytes[4] !== CLASS_64)
      throw new UserError(`${what}: the kernel in it is no 64-bit ELF file`);
    const { sections, end } = readSections(bytes, view);
    this.#sections = sections;
    const text = this.section('.text');
    if (text === undefined) throw new UserError(`${what}: the kernel in it has no sections`);
    this.textStart = text.address;
    this.relocations = readRelocations(view, end);
  }

  section(name: string): Section | undefined {
    return this.#sections.find((section) => section.name === name);
  }

  read(address: bigint, length: number): Uint8Array | undefined {
    const end = address + BigInt(length);
    const section = this.#sections.find(
      ({ address: start, bytes }) => start !== 0n && start <= address && end <= start + BigInt(bytes.length),
    );
    if (section === undefined) return undefined;
    const at = Number(address - section.address);
    return section.bytes.subarray(at, at + length);
  }
}

function readSections(bytes: Uint8Array, view: DataView): { sections: Section[]; end: number } {
  const table = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  const at = (index: number): number => table + index * SECTION.bytes;
  const offsetOf = (header: number): number => Number(view.getBigUint64(header + SECTION.offset, true));
  const names = offsetOf(at(view.getUint16(0x3e, true)));
  const sections: Section[] = [];
  let end = table + count * SECTION.bytes;
  for (let i = 0; i < count; i++) {
    const header = at(i);
    const offset = offsetOf(header);
    const size =
      view.getUint32(header + SECTION.type, true) === NO_BITS
        ? 0
        : Number(view.getBigUint64(header + SECTION.size, true));
    end = Math.max(end, offset + size);
    const nameAt = names + view.getUint32(header, true);
    const name = Buffer.from(bytes.subarray(nameAt, bytes.indexOf(0, nameAt))).toString('latin1');
    const allocated = (view.getBigUint64(header + SECTION.flags, true) & ALLOCATED) !== 0n;
    const address = allocated ? view.getBigUint64(header + SECTION.address, true) : 0n;
    sections.push({ name, address, bytes: bytes.subarray(offset, offset + size) });
  }
  return { sections, end };
}

/**
 * Read backwards from the end: 32-bit fields, up to 6.14 those that move the other way, 64-bit ones; each list begins
 * with a 0. 32-bit kernels have the first only.
 */
function readRelocations(view: DataView, end: number): KernelFile['relocations'] {
  let at = view.byteLength - (view.byteLength % 4);
  const lists: bigint[][] = [];
  while (at - 4 >= end && lists.length < 3) {
    const addresses: bigint[] = [];
    for (at -= 4; at >= end && view.getInt32(at, true) !== 0; at -= 4)
      addresses.push(BigInt.asUintN(64, BigInt(view.getInt32(at, true))));
    lists.push(addresses);
  }
  const [add32 = [], second = [], third] = lists;
  return third === undefined ? { add32, subtract32: [], add64: second } : { add32, subtract32: second, add64: third };
}
