import { type OpcodeRow, row } from '../row.ts';

/** Condition codes in the order of their number. */
export const CONDITIONS = ['O', 'No', 'B', 'Nb', 'Z', 'Nz', 'Be', 'Nbe', 'S', 'Ns', 'P', 'Np', 'L', 'Nl', 'Le', 'Nle'];

const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');

export const moveRows: readonly OpcodeRow[] = [
  row('88 /r', 'mov', 'Eb,Gb', 'movEbGb'),
  row('89 /r', 'mov', 'Ev,Gv', 'movEvGv'),
  row('8A /r', 'mov', 'Gb,Eb', 'movGbEb'),
  row('8B /r', 'mov', 'Gv,Ev', 'movGvEv'),
  row('A0', 'mov', 'AL,Ob', 'movALOb'),
  row('A1', 'mov', 'rAX,Ov', 'movRaxOv'),
  row('A2', 'mov', 'Ob,AL', 'movObAL'),
  row('A3', 'mov', 'Ov,rAX', 'movOvRax'),
  row('B0 +r', 'mov', 'Zb,Ib', 'movEbIb'),
  row('B8 +r', 'mov', 'Zv,Iv', 'movEvIz'),
  row('C6 /0', 'mov', 'Eb,Ib', 'movEbIb'),
  row('C7 /0', 'mov', 'Ev,Iz', 'movEvIz'),
  row('0F B6 /r', 'movzx', 'Gv,Eb', 'movzxGvEb'),
  row('0F B7 /r', 'movzx', 'Gv,Ew', 'movzxGvEw'),
  row('0F BE /r', 'movsx', 'Gv,Eb', 'movsxGvEb'),
  row('0F BF /r', 'movsx', 'Gv,Ew', 'movsxGvEw'),
  row('63 /r', 'movsxd', 'Gv,Ed', 'movsxdGvEd', { long: 'only' }),
  row('98', 'cbw', '', 'cbw'),
  row('99', 'cwd', '', 'cwd'),
  row('8D /r mem', 'lea', 'Gv,M', 'leaGvM'),
  row('0F C8 +r', 'bswap', 'Zv', 'bswapZv'),
  row('0F38 F0 /r mem', 'movbe', 'Gv,M', 'movbeGvM', { feature: 'movbe' }),
  row('0F38 F1 /r mem', 'movbe', 'M,Gv', 'movbeMGv', { feature: 'movbe' }),
  row('F3 0F38 F0 /r', 'ud', '', 'undefinedOpcode'),
  row('F3 0F38 F1 /r', 'ud', '', 'undefinedOpcode'),
  row('0F C3 /r mem', 'movnti', 'M,Gy', 'movntiMGy', { feature: 'sse2' }),
  row('D7', 'xlat', '', 'xlat'),
  ...CONDITIONS.map((condition, code) =>
    row(`0F ${hex(0x40 + code)} /r`, `cmov${condition.toLowerCase()}`, 'Gv,Ev', `cmov${condition}GvEv`, {
      feature: 'cmov',
    }),
  ),
  ...CONDITIONS.map((condition, code) =>
    row(`0F ${hex(0x90 + code)} /r`, `set${condition.toLowerCase()}`, 'Eb', `set${condition}Eb`),
  ),
];
