/** Words of structs, little-endian. */
import { signed64, unsigned64 } from './values.ts';

/** Shows a struct in full instead of its most telling fields. */
export interface StructOptions {
  readonly verbose: boolean;
  /** Elements of an array that are shown, unless in full. */
  readonly stringLimit: number;
}

export const low = (view: DataView, at: number): number => view.getUint32(at, true);
export const high = (view: DataView, at: number): number => view.getUint32(at + 4, true);
export const unsigned = (view: DataView, at: number): string => unsigned64(low(view, at), high(view, at));
export const signed = (view: DataView, at: number): string => signed64(low(view, at), high(view, at));
export const hexOrZero = (value: number): string => (value === 0 ? '0' : `0x${(value >>> 0).toString(16)}`);
