/** What memory is asked for: by a guest-virtual address, in a process or in all, a guest-physical one, or a watch's name. */
import { UsageError } from '../../emu/errors.ts';
import type { MemoryWrite } from './memory-writes.ts';
import { PAGE_BYTES } from './memory-writes.ts';

/** A range of memory by its address. */
export type AddressRange =
  | {
      readonly space: 'virtual';
      readonly address: bigint;
      readonly length: bigint;
      /** Only in this process; undefined: in any. */
      readonly pid: number | undefined;
    }
  | { readonly space: 'physical'; readonly address: bigint; readonly length: bigint };

export type MemoryPlace =
  | AddressRange
  /** What was watched under this name: a symbol, or the watch as it was given; and what lies at the symbol, if that is known. */
  | { readonly space: 'watch'; readonly name: string; readonly address?: bigint; readonly length?: bigint };

const FORM = /^(?:(phys):|(?:virt:)?(?:(\d+):)?)(0x[0-9a-f]+|\d+)(?:\+(0x[0-9a-f]+|\d+))?$/i;

/** `0x7ffc0000`, `virt:[PID:]ADDRESS[+BYTES]`, `phys:ADDRESS[+BYTES]`; `length` without one. Throws UsageError. */
export function parsePlace(text: string, flag: string, length = 1n): AddressRange {
  const match = FORM.exec(text);
  if (match === null) {
    throw new UsageError(
      `${flag} ${text}: use an address like 0x4a8000, virt:PID:ADDRESS or phys:ADDRESS, +BYTES behind it`,
    );
  }
  const [, physical, pid, address, bytes] = match;
  const range = { address: BigInt(address!), length: bytes === undefined ? length : BigInt(bytes) };
  if (physical !== undefined) return { space: 'physical', ...range };
  return { space: 'virtual', ...range, pid: pid === undefined ? undefined : Number(pid) };
}

/** The whole page that a place begins in. */
export function pageOf(place: AddressRange): AddressRange {
  return { ...place, address: place.address - (place.address % BigInt(PAGE_BYTES)), length: BigInt(PAGE_BYTES) };
}

/** As one would type it. */
export function placeText(place: MemoryPlace): string {
  if (place.space === 'watch') return place.name;
  const range = `0x${place.address.toString(16)}${place.length > 1n ? `+${place.length}` : ''}`;
  if (place.space === 'physical') return `phys:${range}`;
  return place.pid === undefined ? range : `virt:${place.pid}:${range}`;
}

/** From here on up addresses are the kernel's, the same in every process. */
const KERNEL = 1n << 63n;

export const isKernel = (address: bigint): boolean => address >= KERNEL;

/** Where the bytes of a write lie in a place: offset from its start (below 0: it begins before); undefined: not in it. */
export function offsetIn(place: MemoryPlace, write: MemoryWrite, pid: number | undefined): number | undefined {
  if (place.space === 'watch') return offsetInWatch(place, write);
  if (place.space === 'physical') return offsetOf(place, write.physical, write);
  // Who wrote by another address is not whose memory it is.
  if (write.watched !== undefined) return offsetOf(place, write.watched, write);
  if (place.pid !== undefined && place.pid !== pid && !isKernel(place.address)) return undefined;
  return offsetOf(place, write.linear, write);
}

function offsetOf({ address, length }: AddressRange, at: bigint | undefined, write: MemoryWrite): number | undefined {
  if (at === undefined) return undefined;
  // What is known of a page's first write is its address, not the page's.
  const start = write.kind !== 'write' ? at - (at % BigInt(PAGE_BYTES)) : at;
  if (start >= address + length || start + BigInt(write.size) <= address) return undefined;
  return Number(start - address);
}

function offsetInWatch(
  { name, address, length }: Extract<MemoryPlace, { space: 'watch' }>,
  write: MemoryWrite,
): number | undefined {
  const range = address === undefined || length === undefined ? undefined : { address, length };
  const offset = range && offsetIn({ space: 'virtual', pid: undefined, ...range }, write, undefined);
  return offset ?? (write.watch !== undefined && isWatch(name, write.watch) ? 0 : undefined);
}

/** A watch is called by all of its operand, or by the symbol in it. */
export function isWatch(name: string, watch: string): boolean {
  const [operand = ''] = watch.split('@');
  return watch === name || operand === name || operand.split(':').at(-1)!.split('+')[0] === name;
}
