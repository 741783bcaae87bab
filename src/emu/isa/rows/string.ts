import { type OpcodeRow, row } from '../row.ts';

/**
 * A repeated string instruction ends its block: after a bounded number of iterations it jumps to itself,
 * so that budgets and interrupts are honoured. REPNE before one that compares nothing repeats like REP.
 */
function moving(opcode: string, mnemonic: string, size: 'b' | 'v'): readonly OpcodeRow[] {
  const suffix = size === 'b' ? 'b' : 'v';
  const repeated = `rep${mnemonic[0]?.toUpperCase()}${mnemonic.slice(1)}${suffix}`;
  return [
    row(opcode, mnemonic, '', `${mnemonic}${suffix}`),
    row(`F3 ${opcode}`, `rep ${mnemonic}`, '', repeated, { ends: true }),
    row(`F2 ${opcode}`, `rep ${mnemonic}`, '', repeated, { ends: true }),
  ];
}

function comparing(opcode: string, mnemonic: string, size: 'b' | 'v'): readonly OpcodeRow[] {
  const suffix = size === 'b' ? 'b' : 'v';
  const name = `${mnemonic[0]?.toUpperCase()}${mnemonic.slice(1)}${suffix}`;
  const flags = { writes: 'oszapc' } as const;
  return [
    row(opcode, mnemonic, '', `${mnemonic}${suffix}`, flags),
    row(`F3 ${opcode}`, `repe ${mnemonic}`, '', `repe${name}`, { ...flags, ends: true }),
    row(`F2 ${opcode}`, `repne ${mnemonic}`, '', `repne${name}`, { ...flags, ends: true }),
  ];
}

export const stringRows: readonly OpcodeRow[] = [
  ...moving('A4', 'movs', 'b'),
  ...moving('A5', 'movs', 'v'),
  ...comparing('A6', 'cmps', 'b'),
  ...comparing('A7', 'cmps', 'v'),
  ...moving('AA', 'stos', 'b'),
  ...moving('AB', 'stos', 'v'),
  ...moving('AC', 'lods', 'b'),
  ...moving('AD', 'lods', 'v'),
  ...comparing('AE', 'scas', 'b'),
  ...comparing('AF', 'scas', 'v'),
];
