import { type KernelMemory, readString } from '../memory.ts';
import type { Kallsyms } from './kallsyms.ts';
import type { ImagePiece } from './kernel-image.ts';

/** linux_banner, and where it stands. */
export interface Banner {
  readonly text: string;
  readonly address: bigint;
}

const START = 'Linux version ';
const LONGEST = 512;
/** With the build's number: neither the format of /proc/version nor the weak one of init/version.c. */
const WHOLE = /^Linux version \d+\.\d+\S* \(.*#\d.*\n$/;

/** By its symbol; where a kernel names no data, by its form in the kernel's image. */
export function findBanner(
  memory: KernelMemory,
  symbols: Kallsyms | undefined,
  pieces: readonly ImagePiece[],
): Banner | undefined {
  const address = symbols?.address('linux_banner');
  const text = address === undefined ? undefined : readString(memory, address, LONGEST)?.trim();
  if (address !== undefined && text?.startsWith(START)) return { text, address };
  for (const { address: start, bytes } of pieces) {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = piece.indexOf(START); at >= 0; at = piece.indexOf(START, at + 1)) {
      const place = start + BigInt(at);
      const line = readString(memory, place, LONGEST) ?? '';
      if (WHOLE.test(line)) return { text: line.trim(), address: place };
    }
  }
  return undefined;
}
