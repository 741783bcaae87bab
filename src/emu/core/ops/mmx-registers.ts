// MMX registers are the low halves of the physical x87 registers. Executing any MMX instruction sets TOP to 0 and
// marks all registers as in use (EMMS: as free); writing one sets its sign and exponent bits (SDM volume 3, 12.2).
import { FPU_STATUS, FPU_TAG } from "../generated/layout";

const TOP: u16 = 0x3800;

// @ts-ignore: decorator
@inline export function enterMmx(): void {
  store<u16>(FPU_STATUS, load<u16>(FPU_STATUS) & ~TOP);
  store<u16>(FPU_TAG, 0xff);
}

/** `register`: its address in the state block. */
// @ts-ignore: decorator
@inline export function putMmx(register: usize, value: u64): void {
  enterMmx();
  store<u64>(register, value);
  store<u16>(register, 0xffff, 8);
}
