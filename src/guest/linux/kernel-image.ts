import type { KernelMemory } from '../memory.ts';

/** A contiguous mapped piece of the kernel's image. */
export interface ImagePiece {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** Where an amd64 Linux kernel maps its image, with or without KASLR (Documentation/x86/x86_64/mm.rst). */
const WINDOW_START = 0xffff_ffff_8000_0000n;
const WINDOW_END = 0xffff_ffff_c000_0000n;
const STEP = 0x20_0000n;
const PAGE = 0x1000;

/**
 * The kernel's image as mapped: every present page of the 2 MiB units around `inside` (any address in its text,
 * LSTAR for one), joined to pieces. Freed init sections show as gaps between pieces.
 */
export function readKernelImage(memory: KernelMemory, inside: bigint): ImagePiece[] {
  if (inside < WINDOW_START || inside >= WINDOW_END) return [];
  let low = inside - (inside % STEP);
  while (low - STEP >= WINDOW_START && hasPage(memory, low - STEP)) low -= STEP;
  const pieces: ImagePiece[] = [];
  let run: Uint8Array[] = [];
  let start = low;
  const close = (): void => {
    if (run.length > 0) pieces.push({ address: start, bytes: Buffer.concat(run) });
    run = [];
  };
  for (let unit = low, empty = 0; unit < WINDOW_END && empty < 4; unit += STEP) {
    let present = false;
    for (let offset = 0n; offset < STEP; offset += BigInt(PAGE)) {
      const page = memory.read(unit + offset, PAGE);
      if (page === undefined) {
        close();
        continue;
      }
      if (run.length === 0) start = unit + offset;
      run.push(page);
      present = true;
    }
    empty = present ? 0 : empty + 1;
  }
  close();
  return pieces;
}

function hasPage(memory: KernelMemory, unit: bigint): boolean {
  for (let offset = 0n; offset < STEP; offset += 0x1_0000n) {
    if (memory.read(unit + offset, 1) !== undefined) return true;
  }
  return false;
}
