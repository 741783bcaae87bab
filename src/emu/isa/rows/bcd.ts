import { type OpcodeRow, row } from '../row.ts';

export const bcdRows: readonly OpcodeRow[] = [
  row('27', 'daa', '', 'daa', { long: 'invalid', writes: 'szapc', undefined: 'o' }),
  row('2F', 'das', '', 'das', { long: 'invalid', writes: 'szapc', undefined: 'o' }),
  row('37', 'aaa', '', 'aaa', { long: 'invalid', writes: 'ac', undefined: 'oszp' }),
  row('3F', 'aas', '', 'aas', { long: 'invalid', writes: 'ac', undefined: 'oszp' }),
  row('D4', 'aam', 'Ib', 'aamIb', { long: 'invalid', writes: 'szp', undefined: 'oac' }),
  row('D5', 'aad', 'Ib', 'aadIb', { long: 'invalid', writes: 'szp', undefined: 'oac' }),
];
