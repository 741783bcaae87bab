// Decimal adjustment, outside 64-bit mode (SDM vol. 2, AAA ff.).
import { opImm8 } from "../op";
import { VECTOR_DE, raise } from "../fault";
import { AF, CF, carry, flags, setFlagsMasked } from "../flags";
import { RAX, flagsOfResult } from "./sized";

/** DAA and DAS differ in the sign of the correction only. */
function adjustPacked(subtract: bool): void {
  const old: u32 = load<u8>(RAX);
  const carryIn = carry();
  let value = old;
  let others: u32 = 0;
  if ((old & 15) > 9 || (flags() & AF) != 0) {
    value = subtract ? value - 6 : value + 6;
    others = AF | (subtract ? u32(old < 6) : u32(old > 0xf9));
    others |= carryIn;
  }
  if (old > 0x99 || carryIn) {
    value = subtract ? value - 0x60 : value + 0x60;
    others |= CF;
  }
  store<u8>(RAX, <u8>value);
  flagsOfResult(1, u64(value & 0xff), others);
}

export function daa(op: usize): void { adjustPacked(false); }
export function das(op: usize): void { adjustPacked(true); }

/** AAA and AAS: the correction of 106h acts on AX, so that the carry reaches AH. */
function adjustUnpacked(subtract: bool): void {
  let value: u32 = load<u16>(RAX);
  const adjust = (value & 15) > 9 || (flags() & AF) != 0;
  if (adjust) value = subtract ? value - 0x106 : value + 0x106;
  store<u16>(RAX, <u16>(value & 0xff0f));
  setFlagsMasked(AF | CF, adjust ? AF | CF : 0);
}

export function aaa(op: usize): void { adjustUnpacked(false); }
export function aas(op: usize): void { adjustUnpacked(true); }

export function aamIb(op: usize): void {
  const base = opImm8(op);
  if (base == 0) return raise(VECTOR_DE);
  const value: u32 = load<u8>(RAX);
  store<u8>(RAX, <u8>(value % base));
  store<u8>(RAX + 1, <u8>(value / base));
  flagsOfResult(1, u64(value % base), 0);
}

export function aadIb(op: usize): void {
  const value = (u32(load<u8>(RAX)) + u32(load<u8>(RAX, 1)) * opImm8(op)) & 0xff;
  store<u16>(RAX, <u16>value);
  flagsOfResult(1, u64(value), 0);
}
