import { UserError } from '../errors.ts';
import { bootBzImage, isBzImage } from './bzimage.ts';
import { isElf, loadSegments, physicalEntry, readElf } from './elf-image.ts';
import { bootMultiboot, findMultibootHeader } from './multiboot.ts';
import { enterLongMode, enterProtectedMode } from './processor.ts';
import { bootPvh, pvhEntry } from './pvh.ts';
import type { BootTarget, KernelBoot } from './target.ts';

export type BootProtocol = 'bzImage' | 'multiboot' | 'PVH' | 'ELF';

/** Loads a kernel by the protocol that its file asks for. Throws UserError with one line if that is impossible. */
export function bootKernel(target: BootTarget, boot: KernelBoot): BootProtocol {
  const { kernel } = boot;
  if (kernel.length === 0) throw new UserError('the kernel file is empty');
  if (isBzImage(kernel)) {
    bootBzImage(target, boot);
    return 'bzImage';
  }
  const header = findMultibootHeader(kernel);
  if (header !== undefined) {
    bootMultiboot(target, boot, header);
    return 'multiboot';
  }
  if (!isElf(kernel)) throw new UserError(`not a kernel: ${whatItIs(kernel)}`);
  const image = readElf(kernel);
  const entry = pvhEntry(image);
  if (entry !== undefined) {
    bootPvh(target, boot, image, entry);
    return 'PVH';
  }
  loadSegments(image, kernel, target.memory);
  const enter = image.is64 ? enterLongMode : enterProtectedMode;
  enter(target.core, target.memory, physicalEntry(image), { rsp: 0x8000n });
  return 'ELF';
}

const SIGNATURES: readonly (readonly [offset: number, text: string, what: string])[] = [
  [56, 'ARMd', 'an AArch64 Linux image, and this machine is an x86'],
  [0, '\x1f\x8b', 'a gzip-compressed file; decompress it first'],
  [0, '\xfd7zXZ', 'an xz-compressed file; decompress it first'],
  [0, '\x28\xb5\x2f\xfd', 'a zstd-compressed file; decompress it first'],
  [0, '070701', 'a cpio archive (an initial ramdisk?)'],
  [0, 'MZ', 'a Windows or EFI program without a Linux boot header'],
];

function whatItIs(kernel: Uint8Array): string {
  for (const [offset, text, what] of SIGNATURES) {
    if ([...text].every((character, i) => kernel[offset + i] === character.charCodeAt(0))) return `this is ${what}`;
  }
  return 'neither a Linux bzImage nor an ELF or multiboot file';
}
