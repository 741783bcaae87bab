import type { KernelMemory } from '../memory.ts';

/** A contiguous mapped piece of the kernel's image. */
export interface ImagePiece {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/**
 * Where a Linux kernel maps its image, with or without KASLR (Documentation/x86/x86_64/mm.rst), by size of pointers. A
 * 32-bit kernel lies in the map of all low memory, which begins where the split of VMSPLIT puts it: only `reach` bytes
 * around are looked at.
 */
const WINDOWS = {
  8: { start: 0xffff_ffff_8000_0000n, end: 0xffff_ffff_c000_0000n, reach: 0x4000_0000n },
  4: { start: 0x4000_0000n, end: 0xff80_0000n, reach: 0x280_0000n },
} as const;
const STEP = 0x20_0000n;
const PAGE = 0x1000;

/**
 * The kernel's image as mapped: every present page of the 2 MiB units around `inside` (any address in its text,
 * LSTAR for one), joined to pieces. Freed init sections show as gaps between pieces.
 */
export function readKernelImage(memory: KernelMemory, inside: bigint): ImagePiece[] {
  const window = WINDOWS[memory.pointerBytes];
  if (inside < window.start || inside >= window.end) return [];
  const isNear = (address: bigint): boolean =>
    address >= window.start &&
    address < window.end &&
    address >= inside - window.reach &&
    address < inside + window.reach;
  let low = inside - (inside % STEP);
  while (isNear(low - STEP) && hasPage(memory, low - STEP)) low -= STEP;
  const pieces: ImagePiece[] = [];
  let run: Uint8Array[] = [];
  let first = low;
  const close = (): void => {
    if (run.length > 0) pieces.push({ address: first, bytes: Buffer.concat(run) });
    run = [];
  };
  for (let unit = low, empty = 0; isNear(unit) && empty < 4; unit += STEP) {
    let present = false;
    for (let offset = 0n; offset < STEP; offset += BigInt(PAGE)) {
      const page = memory.read(unit + offset, PAGE);
      if (page === undefined) {
        close();
        continue;
      }
      if (run.length === 0) first = unit + offset;
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
