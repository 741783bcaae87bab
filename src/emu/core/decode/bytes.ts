// The bytes of the instruction being decoded.

export const LONGEST_INSTRUCTION: u32 = 15;

let source: usize = 0;
let available: u32 = 0;
/** How many were taken. */
export let at: u32 = 0;
/** One more was wanted than there are. */
export let short: bool = false;

/** The next instruction is at `host`, `bytes` of it can be read. */
export function openBytes(host: usize, bytes: u32): void {
  source = host;
  at = 0;
  available = min(bytes, LONGEST_INSTRUCTION);
  short = false;
}

/** No instruction is so long. */
export function tooLong(): bool { return available >= LONGEST_INSTRUCTION; }

/** The last one was not meant. */
export function putBack(): void { at--; }

export function next8(): u32 {
  if (at >= available) {
    short = true;
    return 0;
  }
  return load<u8>(source + at++);
}

export function next16(): u32 {
  const low = next8();
  return low | (next8() << 8);
}

export function next32(): u32 {
  const low = next16();
  return low | (next16() << 16);
}

export function next64(): u64 {
  const low = u64(next32());
  return low | (u64(next32()) << 32);
}
