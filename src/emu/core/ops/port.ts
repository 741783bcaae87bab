// IN OUT INS OUTS: rights by IOPL and the TSS's bitmap, the I/O intercept, then the host's devices.
import {
  CONTROL_IO, CPL, CR0, EXIT_IO, PORT_ACCESS_IN, PORT_ACCESS_STRING, RFLAGS, VMCS_CONTROLS, VMCS_IO_BITMAP,
} from "../generated/layout";
import { faulted } from "../fault";
import { DF, IOPL, VM } from "../flags";
import { portIn, portOut } from "../host";
import { segmentLinear } from "../address";
import { probeWrite } from "../memory";
import { CR0_PE, SEG_ES } from "../mode";
import { interceptAccess, recordAccess } from "../monitor/accesses";
import { PREFIX_REP, PREFIX_REPNE, opImm8, opPrefixes, opSegment, opSize } from "../op";
import { instructionRip, jumpTo, syncCount } from "../run";
import { checkPortBitmap } from "../task-state";
import { RAX, RCX, RDI, RDX, RSI, addressMask, readLinear, readRegister, writeLinear, writeRegister } from "./sized";

const QUALIFICATION_IN: u64 = PORT_ACCESS_IN;
const QUALIFICATION_STRING: u64 = PORT_ACCESS_STRING;

/** 64-bit operand size is 32 for ports. */
// @ts-ignore: decorator
@inline function portSize(op: usize): u32 { return min<u32>(opSize(op), 4); }

/** IOPL, then the TSS's bitmap: raises #GP(0). */
function checkPort(port: u32, size: u32): void {
  const rflags = load<u64>(RFLAGS);
  if ((load<u64>(CR0) & CR0_PE) != 0
    && (u64(load<u32>(CPL)) > (rflags & IOPL) >> 12 || (rflags & VM) != 0)) {
    checkPortBitmap(port, size);
  }
}

/** False: a fault or an exit is pending. */
function allowed(op: usize, port: u32, size: u32, value: u64, how: u64): bool {
  checkPort(port, size);
  if (faulted()) return false;
  syncCount();
  if ((load<u32>(VMCS_CONTROLS) & CONTROL_IO) == 0) return true;
  for (let i: u32 = 0; i < size; i++) {
    const at = (port + i) & 0xffff;
    if ((load<u8>(VMCS_IO_BITMAP + (at >> 3)) >> (at & 7)) & 1) {
      return interceptAccess(op, EXIT_IO, u64(port) | (u64(size) << 16) | how, value);
    }
  }
  return true;
}

function readPort(op: usize, port: u32, size: u32): u64 {
  const value = u64(portIn(port, size));
  recordAccess(op, EXIT_IO, value);
  return value;
}

function writePort(op: usize, port: u32, size: u32, value: u64): void {
  portOut(port, size, <u32>value);
  recordAccess(op, EXIT_IO, value);
}

function input(op: usize, port: u32, size: u32): void {
  if (allowed(op, port, size, 0, QUALIFICATION_IN)) writeRegister(RAX, size, readPort(op, port, size));
}

function output(op: usize, port: u32, size: u32): void {
  const value = readRegister(RAX, size);
  if (allowed(op, port, size, value, 0)) writePort(op, port, size, value);
}

export function inALIb(op: usize): void { input(op, opImm8(op), 1); }
export function inEaxIb(op: usize): void { input(op, opImm8(op), portSize(op)); }
export function inALDx(op: usize): void { input(op, u32(load<u16>(RDX)), 1); }
export function inEaxDx(op: usize): void { input(op, u32(load<u16>(RDX)), portSize(op)); }
export function outIbAL(op: usize): void { output(op, opImm8(op), 1); }
export function outIbEax(op: usize): void { output(op, opImm8(op), portSize(op)); }
export function outDxAL(op: usize): void { output(op, u32(load<u16>(RDX)), 1); }
export function outDxEax(op: usize): void { output(op, u32(load<u16>(RDX)), portSize(op)); }

function advance(register: usize, mask: u64, by: u64): void {
  const old = load<u64>(register);
  const moved = (old + by) & mask;
  store<u64>(register, mask == 0xffff ? (old & ~mask) | moved : moved);
}

/** One element of INS or OUTS; a repeated one comes back to itself until rCX is 0. */
function stringPort(op: usize, size: u32, incoming: bool): void {
  checkPort(u32(load<u16>(RDX)), size); // before the memory operand, and even if the count is 0
  if (faulted()) return;
  const mask = addressMask(op);
  const repeated = (opPrefixes(op) & (PREFIX_REP | PREFIX_REPNE)) != 0;
  if (repeated && (load<u64>(RCX) & mask) == 0) return;
  const step: u64 = load<u64>(RFLAGS) & DF ? 0 - u64(size) : u64(size);
  if (incoming) insertOne(op, size, mask, step);
  else extractOne(op, size, mask, step);
  if (faulted() || !repeated) return;
  advance(RCX, mask, ~(<u64>0));
  if (load<u64>(RCX) & mask) jumpTo(instructionRip(op));
}

function insertOne(op: usize, size: u32, mask: u64, step: u64): void {
  const port = u32(load<u16>(RDX));
  const linear = segmentLinear(SEG_ES, load<u64>(RDI) & mask, size, true);
  if (!faulted()) probeWrite(linear, size);
  if (faulted() || !allowed(op, port, size, 0, QUALIFICATION_IN | QUALIFICATION_STRING)) return;
  writeLinear(linear, size, readPort(op, port, size));
  if (!faulted()) advance(RDI, mask, step);
}

function extractOne(op: usize, size: u32, mask: u64, step: u64): void {
  const port = u32(load<u16>(RDX));
  const linear = segmentLinear(opSegment(op), load<u64>(RSI) & mask, size, false);
  if (faulted()) return;
  const value = readLinear(linear, size);
  if (faulted() || !allowed(op, port, size, value, QUALIFICATION_STRING)) return;
  writePort(op, port, size, value);
  advance(RSI, mask, step);
}

export function insb(op: usize): void { stringPort(op, 1, true); }
export function insv(op: usize): void { stringPort(op, portSize(op), true); }
export function outsb(op: usize): void { stringPort(op, 1, false); }
export function outsv(op: usize): void { stringPort(op, portSize(op), false); }
