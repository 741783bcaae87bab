/** What rax tells at the return of a Linux call, by its two halves. */

/** Errors are -4095 to -1 (include/linux/err.h). */
const LOWEST_ERROR = 0xffff_f001;
const MINUS_ONE = 0xffff_ffff;
const WORD = 2 ** 32;

/** Number of the error, 0 where there is none. `narrow`: of a 32-bit call only the low half counts. */
export function errorOf(low: number, high: number, narrow: boolean): number {
  // Most calls did not fail, which the low half tells.
  return low >= LOWEST_ERROR && (narrow || high === MINUS_ONE) ? WORD - low : 0;
}
