import { execFileSync } from 'node:child_process';
import zlib from 'node:zlib';
import { UserError } from '../emu/errors.ts';

const MOST_BYTES = 1 << 28;

/** Node has zstd of its own from 22.15 on. `what` names the bytes in the UserError when they can't be unpacked. */
export function unzstd(bytes: Uint8Array, what: string): Uint8Array {
  return 'zstdDecompressSync' in zlib
    ? zlib.zstdDecompressSync(bytes)
    : unpackWith('zstd', ['--decompress', '--stdout', '--quiet'], bytes, what);
}

export function unxz(bytes: Uint8Array, what: string): Uint8Array {
  return unpackWith('xz', ['--decompress', '--stdout', '--single-stream'], bytes, what);
}

function unpackWith(program: string, parameters: readonly string[], input: Uint8Array, what: string): Uint8Array {
  try {
    return execFileSync(program, parameters, { input, maxBuffer: MOST_BYTES, stdio: ['pipe', 'pipe', 'ignore'] });
  } catch {
    throw new UserError(`${what}: can't be unpacked with ${program} (is it installed?)`);
  }
}

const LZ4_BLOCK = 8 << 20;

/** LZ4 as kernels are packed: the legacy frame, blocks of up to 8 MiB (lz4_Frame_format.md, "Legacy frame"). */
export function unlz4(bytes: Uint8Array, what: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const blocks: Uint8Array[] = [];
  for (let at = 4; at + 4 <= bytes.length; ) {
    const length = view.getUint32(at, true);
    // Behind the last block a kernel has the unpacked size, which is longer than what is left.
    if (length === 0 || at + 4 + length > bytes.length) break;
    blocks.push(unlz4Block(bytes.subarray(at + 4, at + 4 + length), what));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

function unlz4Block(input: Uint8Array, what: string): Uint8Array {
  const out = new Uint8Array(LZ4_BLOCK);
  let from = 0;
  let to = 0;
  const more = (start: number): number => {
    if (start < 15) return start;
    let total = start;
    for (let byte = 255; byte === 255; total += byte) byte = input[from++]!;
    return total;
  };
  while (from < input.length) {
    const token = input[from++]!;
    const literals = more(token >> 4);
    out.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from >= input.length) break;
    const distance = input[from]! | (input[from + 1]! << 8);
    from += 2;
    const length = more(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > LZ4_BLOCK) throw new UserError(`${what}: damaged LZ4 data`);
    if (distance >= length) out.copyWithin(to, to - distance, to - distance + length);
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - distance]!;
    to += length;
  }
  return out.subarray(0, to);
}
