import { type OpcodeRow, row } from '../row.ts';
import { CONDITIONS } from './move.ts';

const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');
/** AMD processors honour 66 in 64-bit mode too: IP is then cut to 16 bits. Intel's ignore it. */
const NEAR = { size: '64', ends: true } as const;

export const controlFlowRows: readonly OpcodeRow[] = [
  ...CONDITIONS.flatMap((condition, code) => [
    row(hex(0x70 + code), `j${condition.toLowerCase()}`, 'Jb', `j${condition}`, NEAR),
    row(`0F ${hex(0x80 + code)}`, `j${condition.toLowerCase()}`, 'Jz', `j${condition}`, NEAR),
  ]),
  row('E0', 'loopne', 'Jb', 'loopneJb', NEAR),
  row('E1', 'loope', 'Jb', 'loopeJb', NEAR),
  // AMD processors let a repeat prefix choose the condition.
  row('F3 E0', 'loope', 'Jb', 'loopeJb', NEAR),
  row('F2 E1', 'loopne', 'Jb', 'loopneJb', NEAR),
  row('E2', 'loop', 'Jb', 'loopJb', NEAR),
  row('E3', 'jrcxz', 'Jb', 'jrcxzJb', NEAR),
  row('E8', 'call', 'Jz', 'callJz', NEAR),
  row('E9', 'jmp', 'Jz', 'jmpJz', NEAR),
  row('EB', 'jmp', 'Jb', 'jmpJz', NEAR),
  row('C2', 'ret', 'Iw', 'retIw', NEAR),
  row('C3', 'ret', '', 'ret', NEAR),
  row('FF /2', 'call', 'Ev', 'callEv', NEAR),
  row('FF /4', 'jmp', 'Ev', 'jmpEv', NEAR),
];
