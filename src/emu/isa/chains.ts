/**
 * Sequences that programs are full of, executed as one op: each saves a dispatch. An instruction is `mnemonic operands
 * size needs` of its fast form; `silent` is its form without flags, `?n` the pair with a Jcc of condition n. A chain
 * of three extends the chain of its first two, which must stand before it.
 */
const POP = 'pop Zv 8 stack';
const PUSH = 'push Zv 8 stack';
const RET = 'ret 8 stack';
const CALL = 'call Jz 8 stack';
const JUMP = 'jmp Jb 8 flat';
const MOVE = 'mov Ev,Gv 8 register';
const MOVE_32 = 'mov Ev,Gv 4 register';
const LOAD = 'mov Gv,Ev 8 memory';
const LOAD_32 = 'mov Gv,Ev 4 memory';
const LOAD_BYTE = 'movzx Gv,Eb 4 memory';
const STORE = 'mov Ev,Gv 8 memory';
const STORE_32 = 'mov Ev,Gv 4 memory';
const LEA = 'lea Gv,M 8 memory';
/** Where a kernel's tracer may hook a function. */
const NOP = 'nop Ev 4 memory';
const ADD = 'add Ev,Iz 8 register';
const STEP = `${ADD} silent`;
const LOAD_OFFSET = 'movsxd Gv,Ed 8 memory';
const ADD_OFFSET = 'add Ev,Gv 8 register';

// biome-ignore format: a table
export const CHAINS: readonly (readonly string[])[] = [
  // prologues and epilogues
  [PUSH, PUSH], [PUSH, PUSH, PUSH], [PUSH, MOVE], [PUSH, MOVE_32], [MOVE, PUSH], [MOVE_32, PUSH],
  [POP, POP], [POP, POP, POP], [POP, POP, RET], [POP, RET], [ADD, POP],
  [NOP, PUSH], [NOP, LOAD], [NOP, MOVE],
  // moves
  [LOAD, LOAD], [LOAD, STORE], [LOAD, MOVE], [LOAD, LEA], [LOAD, STEP], [LOAD, 'test Ev,Gv 8 register ?4'],
  [LOAD, 'test Ev,Gv 8 register ?5'], [STORE, STORE], [STORE, LOAD], [STORE, JUMP], [MOVE, MOVE], [MOVE, LOAD],
  [MOVE, CALL], [MOVE_32, MOVE], [MOVE_32, LEA], [LEA, MOVE], [LEA, MOVE_32], [LEA, STORE],
  [LOAD_32, MOVE], [LOAD_32, STORE_32], [LOAD_32, STEP], [STORE_32, JUMP], [LOAD_BYTE, JUMP], [LOAD_BYTE, STEP],
  // pointers that move along
  [ADD, STORE], [ADD, STORE_32], [STEP, ADD], [STEP, STEP], ['sub Ev,Iz 8 register', JUMP],
  // a switch through a table of offsets
  [LEA, 'cmp AL,Ib 1 register ?7'], [LOAD_OFFSET, ADD_OFFSET], [LOAD_OFFSET, ADD_OFFSET, 'jmp Ev 8 register'],
];
