import { type OpcodeRow, row } from '../row.ts';

const TEST = { writes: 'c', undefined: 'osap' } as const;
const SCAN = { writes: 'z', undefined: 'osapc' } as const;
const COUNT = { writes: 'zc', undefined: 'osap' } as const;

export const bitRows: readonly OpcodeRow[] = [
  row('0F A3 /r', 'bt', 'Ev,Gv', 'btEvGv', TEST),
  row('0F AB /r', 'bts', 'Ev,Gv', 'btsEvGv', { ...TEST, lock: true }),
  row('0F B3 /r', 'btr', 'Ev,Gv', 'btrEvGv', { ...TEST, lock: true }),
  row('0F BB /r', 'btc', 'Ev,Gv', 'btcEvGv', { ...TEST, lock: true }),
  row('0F BA /4', 'bt', 'Ev,Ib', 'btEvIb', TEST),
  row('0F BA /5', 'bts', 'Ev,Ib', 'btsEvIb', { ...TEST, lock: true }),
  row('0F BA /6', 'btr', 'Ev,Ib', 'btrEvIb', { ...TEST, lock: true }),
  row('0F BA /7', 'btc', 'Ev,Ib', 'btcEvIb', { ...TEST, lock: true }),
  row('0F BC /r', 'bsf', 'Gv,Ev', 'bsfGvEv', SCAN),
  row('0F BD /r', 'bsr', 'Gv,Ev', 'bsrGvEv', SCAN),
  row('F3 0F BC /r', 'tzcnt', 'Gv,Ev', 'tzcntGvEv', { ...COUNT, feature: 'bmi1' }),
  row('F3 0F BD /r', 'lzcnt', 'Gv,Ev', 'lzcntGvEv', { ...COUNT, feature: 'abm' }),
  row('F3 0F B8 /r', 'popcnt', 'Gv,Ev', 'popcntGvEv', { writes: 'oszapc', feature: 'popcnt' }),
];
