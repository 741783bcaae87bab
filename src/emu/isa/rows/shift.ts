import { type OpcodeRow, row } from '../row.ts';

const ROTATE = { writes: 'oc' } as const;
const SHIFT = { writes: 'oszpc', undefined: 'a' } as const;

/** One digit of group 2 in its six encodings. */
function group(digit: number, mnemonic: string, flags: typeof ROTATE | typeof SHIFT): readonly OpcodeRow[] {
  return [
    row(`C0 /${digit}`, mnemonic, 'Eb,Ib', `${mnemonic}EbIb`, flags),
    row(`C1 /${digit}`, mnemonic, 'Ev,Ib', `${mnemonic}EvIb`, flags),
    row(`D0 /${digit}`, mnemonic, 'Eb,1', `${mnemonic}Eb1`, flags),
    row(`D1 /${digit}`, mnemonic, 'Ev,1', `${mnemonic}Ev1`, flags),
    row(`D2 /${digit}`, mnemonic, 'Eb,CL', `${mnemonic}EbCL`, flags),
    row(`D3 /${digit}`, mnemonic, 'Ev,CL', `${mnemonic}EvCL`, flags),
  ];
}

export const shiftRows: readonly OpcodeRow[] = [
  ...group(0, 'rol', ROTATE),
  ...group(1, 'ror', ROTATE),
  ...group(2, 'rcl', ROTATE),
  ...group(3, 'rcr', ROTATE),
  ...group(4, 'shl', SHIFT),
  ...group(5, 'shr', SHIFT),
  ...group(6, 'shl', SHIFT),
  ...group(7, 'sar', SHIFT),
  row('0F A4 /r', 'shld', 'Ev,Gv,Ib', 'shldEvGvIb', SHIFT),
  row('0F A5 /r', 'shld', 'Ev,Gv,CL', 'shldEvGvCL', SHIFT),
  row('0F AC /r', 'shrd', 'Ev,Gv,Ib', 'shrdEvGvIb', SHIFT),
  row('0F AD /r', 'shrd', 'Ev,Gv,CL', 'shrdEvGvCL', SHIFT),
];
