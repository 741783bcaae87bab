import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../emu/errors.ts';
import { readUntouched } from './open-untouched.ts';

export interface Kernel {
  /** Where it came from. */
  readonly path: string;
  /** The image, a bzImage. */
  readonly bytes: Uint8Array;
  /** Of its programs and of its init. */
  readonly bits: 32 | 64;
  /** As `uname -r` says, `6.1.0-18-cloud-amd64`. */
  readonly version: string;
  /** Its `/lib/modules/VERSION`, if there is one. */
  readonly modules: string | undefined;
}

/** Offsets in a bzImage's setup header (the kernel's Documentation/x86/boot.rst). */
const SETUP = { bootFlag: 0x1fe, magic: 0x202, protocol: 0x206, version: 0x20e, loadFlags: 0x236 } as const;
const BOOT_FLAG = 0xaa55;
const LOADED_64 = 1;

/** Reads the kernel that the user named. Throws a UserError if the machine can't boot it. */
export function readKernel(file: string): Kernel {
  const path = resolve(file);
  let bytes: Uint8Array;
  try {
    bytes = readUntouched(path);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new UserError(`--kernel ${file}: ${missing ? 'there is no such file' : "can't be read"}`);
  }
  const version = kernelVersion(bytes, path);
  return { path, bytes, bits: kernelBits(bytes), version, modules: modulesFolder(path, version) };
}

/** The newest kernel of /boot that has its modules beside it, that this user may read, and that `suits`. */
export function hostKernel(
  suits: (kernel: Kernel) => boolean,
  boot = '/boot',
  library = '/lib/modules',
): Kernel | undefined {
  if (!existsSync(boot)) return undefined;
  const versions = readdirSync(boot)
    .filter((name) => name.startsWith('vmlinuz-'))
    .map((name) => name.slice('vmlinuz-'.length))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const version of versions) {
    const modules = join(library, version);
    if (!existsSync(join(modules, 'kernel'))) continue;
    const path = join(boot, `vmlinuz-${version}`);
    try {
      const bytes = readUntouched(path);
      const kernel = { path, bytes, bits: kernelBits(bytes), version: kernelVersion(bytes, path), modules };
      if (suits(kernel)) return kernel;
    } catch {
      // Some distributions let only root read their kernels; foreign ones may lie about too.
    }
  }
  return undefined;
}

/** Checks that it is a bzImage and gives its version; a UserError says what it is instead. */
export function kernelVersion(bytes: Uint8Array, path: string): string {
  const version = bzImageVersion(bytes);
  if (version === undefined) throw new UserError(`${path}: ${whatElse(bytes)}; a Linux bzImage for x86 is needed`);
  return version;
}

/** From protocol 2.12 on an image says whether it can be entered in long mode. */
function kernelBits(bytes: Uint8Array): 32 | 64 {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const old = view.getUint16(SETUP.protocol, true) < 0x20c;
  return old || (view.getUint16(SETUP.loadFlags, true) & LOADED_64) !== 0 ? 64 : 32;
}

/** As `uname -r` will say; undefined for what is no bzImage. */
export function bzImageVersion(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isImage =
    bytes.length > 0x400 &&
    view.getUint16(SETUP.bootFlag, true) === BOOT_FLAG &&
    text(bytes, SETUP.magic, 4) === 'HdrS';
  if (!isImage) return undefined;
  const at = view.getUint16(SETUP.version, true) + 0x200;
  return text(bytes, at, 200).split(/[\0 ]/)[0] ?? '';
}

function whatElse(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  if (text(bytes, 56, 4) === 'ARM\x64') return 'a kernel for 64-bit ARM';
  if (text(bytes, 48, 5) === 'RISCV') return 'a kernel for RISC-V';
  if (text(bytes, 0, 4) === '\x7fELF') return 'an ELF file';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'a gzip file';
  if (text(bytes, 0, 2) === 'MZ') return 'a PE program or EFI image';
  return 'not a kernel';
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return new TextDecoder('latin1').decode(bytes.subarray(at, at + length));
}

/** Beside the kernel, as in an unpacked package, or where the host keeps them. */
function modulesFolder(path: string, version: string): string | undefined {
  const candidates = [
    join(dirname(path), '..', 'lib', 'modules', version),
    join(dirname(path), '..', 'usr', 'lib', 'modules', version),
    join(dirname(path), 'lib', 'modules', version),
    // Fedora and Arch keep the kernel with its modules.
    dirname(path),
    join('/lib/modules', version),
  ];
  return candidates.find((folder) => statSync(join(folder, 'kernel'), { throwIfNoEntry: false })?.isDirectory());
}
