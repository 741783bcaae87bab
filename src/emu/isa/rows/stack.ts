import { type OpcodeRow, row } from '../row.ts';

export const stackRows: readonly OpcodeRow[] = [
  row('50 +r', 'push', 'Zv', 'pushEv', { size: '64' }),
  row('58 +r', 'pop', 'Zv', 'popEv', { size: '64' }),
  row('68', 'push', 'Iz', 'pushIz', { size: '64' }),
  row('6A', 'push', 'Ibs', 'pushIz', { size: '64' }),
  row('8F /0', 'pop', 'Ev', 'popEv', { size: '64' }),
  row('FF /6', 'push', 'Ev', 'pushEv', { size: '64' }),
  row('60', 'pusha', '', 'pusha', { long: 'invalid' }),
  row('61', 'popa', '', 'popa', { long: 'invalid' }),
  row('9C', 'pushf', '', 'pushf', { size: '64', sensitive: 'pushf' }),
  row('9D', 'popf', '', 'popf', { size: '64', sensitive: 'popf', writes: 'oszapc', ends: true }),
  row('C8', 'enter', 'Ibw', 'enterIwIb', { size: '64' }),
  row('C9', 'leave', '', 'leave', { size: '64' }),
];
