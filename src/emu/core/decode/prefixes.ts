// What stands before an instruction's operands: prefixes, VEX, opcode and ModRM (SDM volume 2, chapter 2).
import { MODE_BITS, MODE_CODE64, MODE_PROTECTED, SEG_FS } from "../mode";
import { PREFIX_REP, PREFIX_REPNE } from "../op";
import { next8, putBack, short } from "./bytes";

export let operandSize16: bool = false;
export let addressSizePrefix: bool = false;
export let repeat: u32 = 0;
export let lock: bool = false;
export let segmentOverride: u32 = 0; // segment + 1
export let rex: u32 = 0;
export let vex: bool = false;
export let vexL: u32 = 0;
export let vexPrefix: u32 = 0; // VEX.pp
export let vvvv: u32 = 0;
/** 0 the one-byte map, 1 0F, 2 0F 38, 3 0F 3A. */
export let map: u32 = 0;
export let opcode: u32 = 0;
export let modrm: u32 = 0;
let modrmRead: bool = false;

/** Prefixes and opcode. False: the bytes end before, or no instruction has such prefixes. */
export function readOpcode(mode: u32): bool {
  const long = (mode & MODE_BITS) == MODE_CODE64;
  operandSize16 = addressSizePrefix = lock = vex = modrmRead = false;
  repeat = segmentOverride = rex = vexL = vvvv = 0;
  map = vexPrefix = 0;
  while (true) {
    opcode = next8();
    if (short) return false;
    if (long && (opcode & 0xf0) == 0x40) {
      rex = opcode;
      continue;
    }
    let prefix = true;
    switch (opcode) {
      case 0x26: case 0x2e: case 0x36: case 0x3e:
        if (!long) segmentOverride = ((opcode >> 3) & 3) + 1;
        break;
      case 0x64: case 0x65: segmentOverride = opcode - 0x64 + SEG_FS + 1; break;
      case 0x66: operandSize16 = true; break;
      case 0x67: addressSizePrefix = true; break;
      case 0xf0: lock = true; break;
      case 0xf2: repeat = PREFIX_REPNE; break;
      case 0xf3: repeat = PREFIX_REP; break;
      default: prefix = false;
    }
    if (!prefix) break;
    rex = 0;
  }
  if (opcode == 0x0f) {
    opcode = next8();
    map = 1;
    if (opcode == 0x38 || opcode == 0x3a) {
      map = opcode == 0x38 ? 2 : 3;
      opcode = next8();
    }
  } else if (opcode == 0xc4 || opcode == 0xc5) {
    const following = next8();
    if (short) return false;
    if (long || (following & 0xc0) == 0xc0) {
      if ((mode & MODE_PROTECTED) == 0 || rex != 0 || lock || repeat != 0 || operandSize16) return false;
      vex = true;
      let last = following;
      if (opcode == 0xc5) {
        rex = 0x40 | (following & 0x80 ? 0 : 4);
        map = 1;
      } else {
        last = next8();
        rex = 0x40 | ((~following >> 5) & 7) | ((last >> 4) & 8);
        map = following & 31;
        if (map < 1 || map > 3) return false;
      }
      if (!long) rex &= 0x48;
      vvvv = (~last >> 3) & (long ? 15 : 7);
      vexL = (last >> 2) & 1;
      vexPrefix = last & 3;
      opcode = next8();
    } else putBack();
  }
  return !short;
}

/** ModRM, which is read once. */
export function peekModrm(): u32 {
  if (!modrmRead) {
    modrm = next8();
    modrmRead = true;
  }
  return modrm;
}
