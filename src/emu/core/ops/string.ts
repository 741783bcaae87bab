// MOVS CMPS STOS LODS SCAS. Repeated ones advance registers element by element, so that a fault leaves them as far as
// they came; after a bounded number of elements the instruction jumps to itself, so that run() stays responsive.
import {
  CONTROL_SINGLE_STEP, EXIT_SINGLE_STEP, RFLAGS, SECOND_LEVEL_IGNORED, VMCS_CONTROLS,
} from "../generated/layout";
import { opSize } from "../op";
import { faulted, raiseExit } from "../fault";
import { TF } from "../flags";
import { instructionRip, jumpTo } from "../run";
import {
  RAX, RCX, RDI, RSI, addressMask, flagsOfSub, maskOf, readLinear, readRegister, writeLinear, writeRegister,
} from "./sized";
import { moveBulk, storeBulk } from "./string-bulk";
import { advance, destinationOf, sourceOf, step } from "./string-index";

/** When so many elements (a power of two), or a multiple, are left, a repeated instruction starts anew. */
const BURST: u64 = 0x1_0000;

// One element of each; false if it faulted, and then nothing is changed.

function moveOne(op: usize, size: u32, mask: u64): bool {
  const from = sourceOf(op, size, mask);
  if (faulted()) return false;
  const value = readLinear(from, size);
  if (faulted()) return false;
  const to = destinationOf(size, mask, true);
  if (faulted()) return false;
  writeLinear(to, size, value);
  if (faulted()) return false;
  advance(RSI, mask, step(size));
  advance(RDI, mask, step(size));
  return true;
}

function storeOne(op: usize, size: u32, mask: u64): bool {
  const to = destinationOf(size, mask, true);
  if (faulted()) return false;
  writeLinear(to, size, readRegister(RAX, size));
  if (faulted()) return false;
  advance(RDI, mask, step(size));
  return true;
}

function loadOne(op: usize, size: u32, mask: u64): bool {
  const from = sourceOf(op, size, mask);
  if (faulted()) return false;
  const value = readLinear(from, size);
  if (faulted()) return false;
  writeRegister(RAX, size, value);
  advance(RSI, mask, step(size));
  return true;
}

// What the comparing instructions compare; flags are set once, from the last pair.
let left: u64 = 0;
let right: u64 = 0;

function compareOne(op: usize, size: u32, mask: u64): bool {
  const from = sourceOf(op, size, mask);
  if (faulted()) return false;
  const first = readLinear(from, size);
  if (faulted()) return false;
  const to = destinationOf(size, mask, false);
  if (faulted()) return false;
  const second = readLinear(to, size);
  if (faulted()) return false;
  left = first;
  right = second;
  advance(RSI, mask, step(size));
  advance(RDI, mask, step(size));
  return true;
}

function scanOne(op: usize, size: u32, mask: u64): bool {
  const to = destinationOf(size, mask, false);
  if (faulted()) return false;
  const value = readLinear(to, size);
  if (faulted()) return false;
  left = readRegister(RAX, size);
  right = value;
  advance(RDI, mask, step(size));
  return true;
}

function setCompared(size: u32): void { flagsOfSub(size, (left - right) & maskOf(size), right, 0); }

const MOVE: u32 = 0;
const STORE: u32 = 1;
const LOAD: u32 = 2;
const COMPARE: u32 = 3;
const SCAN: u32 = 4;

function one(operation: u32, op: usize, size: u32, mask: u64): bool {
  switch (operation) {
    case MOVE: return moveOne(op, size, mask);
    case STORE: return storeOne(op, size, mask);
    case LOAD: return loadOne(op, size, mask);
    case COMPARE: return compareOne(op, size, mask);
    default: return scanOne(op, size, mask);
  }
}

/** The monitor looks at every element: the rest of the instruction comes with the next call of run(). */
// @ts-ignore: decorator
@inline function isWatched(): bool {
  return load<u32>(SECOND_LEVEL_IGNORED) != 0 || (load<u32>(VMCS_CONTROLS) & CONTROL_SINGLE_STEP) != 0;
}

/** Elements to do now. Where a burst ends is a function of rCX alone, so that no watching moves instruction counts. */
function burstOf(count: u64): u64 {
  if ((load<u64>(RFLAGS) & TF) != 0 || isWatched()) return 1;
  const rest = count & (BURST - 1);
  return rest == 0 ? BURST : rest;
}

/** A burst that leaves `count` elements ends as an instruction of its own. */
// @ts-ignore: decorator
@inline function burstEnds(count: u64): bool {
  return (count & (BURST - 1)) == 0 || (load<u64>(RFLAGS) & TF) != 0;
}

/** Goes on with the same instruction: counted at the end of a burst, else as if it had not come this far yet. */
function goOn(op: usize, count: u64): void {
  if (burstEnds(count)) jumpTo(instructionRip(op));
  else raiseExit(EXIT_SINGLE_STEP);
}

/** REP MOVS, STOS, LODS. */
function repeat(operation: u32, op: usize, size: u32): void {
  const mask = addressMask(op);
  let count = load<u64>(RCX) & mask;
  if (count == 0) return;
  let burst = burstOf(count);
  while (burst != 0) {
    let done: u64 = 0;
    if (burst > 1 && operation == MOVE) done = moveBulk(op, size, mask, burst);
    else if (burst > 1 && operation == STORE) done = storeBulk(size, mask, burst);
    if (done == 0) {
      if (!one(operation, op, size, mask)) return;
      done = 1;
    }
    advance(RCX, mask, 0 - done);
    burst -= done;
    count -= done;
  }
  if (count != 0) goOn(op, count);
}

/** REPE and REPNE CMPS, SCAS: flags are those of the last pair compared; a fault leaves them as they were before. */
function repeatWhile(operation: u32, op: usize, size: u32, equal: bool): void {
  const mask = addressMask(op);
  let count = load<u64>(RCX) & mask;
  if (count == 0) return;
  for (let burst = burstOf(count); burst != 0; burst--) {
    if (!one(operation, op, size, mask)) return;
    advance(RCX, mask, <u64>-1);
    count--;
    if ((left == right) != equal) {
      setCompared(size);
      return;
    }
  }
  if (burstEnds(count)) setCompared(size);
  if (count != 0) goOn(op, count);
}

function single(operation: u32, op: usize, size: u32): void {
  if (one(operation, op, size, addressMask(op)) && operation >= COMPARE) setCompared(size);
}

export function movsb(op: usize): void { single(MOVE, op, 1); }
export function movsv(op: usize): void { single(MOVE, op, opSize(op)); }
export function stosb(op: usize): void { single(STORE, op, 1); }
export function stosv(op: usize): void { single(STORE, op, opSize(op)); }
export function lodsb(op: usize): void { single(LOAD, op, 1); }
export function lodsv(op: usize): void { single(LOAD, op, opSize(op)); }
export function cmpsb(op: usize): void { single(COMPARE, op, 1); }
export function cmpsv(op: usize): void { single(COMPARE, op, opSize(op)); }
export function scasb(op: usize): void { single(SCAN, op, 1); }
export function scasv(op: usize): void { single(SCAN, op, opSize(op)); }

export function repMovsb(op: usize): void { repeat(MOVE, op, 1); }
export function repMovsv(op: usize): void { repeat(MOVE, op, opSize(op)); }
export function repStosb(op: usize): void { repeat(STORE, op, 1); }
export function repStosv(op: usize): void { repeat(STORE, op, opSize(op)); }
export function repLodsb(op: usize): void { repeat(LOAD, op, 1); }
export function repLodsv(op: usize): void { repeat(LOAD, op, opSize(op)); }

export function repeCmpsb(op: usize): void { repeatWhile(COMPARE, op, 1, true); }
export function repeCmpsv(op: usize): void { repeatWhile(COMPARE, op, opSize(op), true); }
export function repneCmpsb(op: usize): void { repeatWhile(COMPARE, op, 1, false); }
export function repneCmpsv(op: usize): void { repeatWhile(COMPARE, op, opSize(op), false); }
export function repeScasb(op: usize): void { repeatWhile(SCAN, op, 1, true); }
export function repeScasv(op: usize): void { repeatWhile(SCAN, op, opSize(op), true); }
export function repneScasb(op: usize): void { repeatWhile(SCAN, op, 1, false); }
export function repneScasv(op: usize): void { repeatWhile(SCAN, op, opSize(op), false); }
