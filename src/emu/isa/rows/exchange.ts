import { type OpcodeRow, row } from '../row.ts';

export const exchangeRows: readonly OpcodeRow[] = [
  row('86 /r', 'xchg', 'Eb,Gb', 'xchgEbGb', { lock: true }),
  row('87 /r', 'xchg', 'Ev,Gv', 'xchgEvGv', { lock: true }),
  row('90 +r', 'xchg', 'Zv,rAX', 'xchgZvRax'),
  // With REX.B it is XCHG r8,rAX.
  row('F3 90', 'pause', 'Zv,rAX', 'pauseZvRax'),
  row('0F C0 /r', 'xadd', 'Eb,Gb', 'xaddEbGb', { writes: 'oszapc', lock: true }),
  row('0F C1 /r', 'xadd', 'Ev,Gv', 'xaddEvGv', { writes: 'oszapc', lock: true }),
  row('0F B0 /r', 'cmpxchg', 'Eb,Gb', 'cmpxchgEbGb', { writes: 'oszapc', lock: true }),
  row('0F B1 /r', 'cmpxchg', 'Ev,Gv', 'cmpxchgEvGv', { writes: 'oszapc', lock: true }),
  row('0F C7 /1 mem', 'cmpxchg8b', 'M', 'cmpxchg8b16bM', { writes: 'z', lock: true, feature: 'cx8' }),
];
