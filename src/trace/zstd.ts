/**
 * zstd, by Node's own zlib where it has it (22.15 and later), else by the portable codec. Frames are the same.
 */
import zlib from 'node:zlib';

/** Compresses and decompresses whole zstd frames. */
export interface Zstd {
  compress(bytes: Uint8Array, level: number): Uint8Array;
  /** Throws when the bytes are not a zstd frame of exactly `length` bytes of content. */
  decompress(bytes: Uint8Array, length: number): Uint8Array;
}

interface PortableSimple {
  compress(bytes: Uint8Array, level: number): Uint8Array | null;
  decompress(bytes: Uint8Array): Uint8Array | null;
}
interface PortableModule {
  ZstdCodec: { run(ready: (binding: { Simple: new () => PortableSimple }) => void): void };
}

function checked(bytes: Uint8Array | null, length: number): Uint8Array {
  if (bytes === null || bytes.length !== length) throw new Error('the compressed content does not have its length');
  return bytes;
}

/** Bytes that are decompressed at a time: all at once, unless a header claims more than frames usually have. */
const PIECE_LEAST = 64;
const PIECE_MOST = 16 << 20;

function pieceFor(length: number): number {
  // One more than there is: a piece that is just full makes zlib ask for another.
  return Math.min(Math.max(length + 1, PIECE_LEAST), PIECE_MOST);
}

const nativeZstd: Zstd = {
  compress: (bytes, level) =>
    zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } }),
  decompress: (bytes, length) =>
    checked(
      zlib.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, length), chunkSize: pieceFor(length) }),
      length,
    ),
};

/** The portable codec, in WebAssembly. */
export async function loadPortableZstd(): Promise<Zstd> {
  const name: string = 'zstd-codec';
  const { ZstdCodec } = ((await import(name)) as { default: PortableModule }).default;
  const simple = await new Promise<PortableSimple>((resolve) => ZstdCodec.run((z) => resolve(new z.Simple())));
  return {
    compress(bytes, level) {
      const packed = simple.compress(bytes, level);
      if (packed === null) throw new Error('zstd could not compress');
      return packed;
    },
    decompress: (bytes, length) => checked(simple.decompress(bytes), length),
  };
}

/** Node's own codec, or undefined where this Node has none. */
export function loadNativeZstd(): Zstd | undefined {
  return typeof zlib.zstdCompressSync === 'function' ? nativeZstd : undefined;
}

export const zstd: Zstd = loadNativeZstd() ?? (await loadPortableZstd());
