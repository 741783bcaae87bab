import { type OpcodeRow, row } from '../row.ts';

const FXSR = { unit: 'x87-nowait', feature: 'fxsr' } as const;
const XSAVE = { unit: 'x87-nowait', feature: 'xsave' } as const;

export const fxsaveRows: readonly OpcodeRow[] = [
  row('NP 0F AE /0 mem', 'fxsave', 'M', 'fxsaveM', FXSR),
  row('NP 0F AE /1 mem', 'fxrstor', 'M', 'fxrstorM', FXSR),
  row('NP 0F AE /4 mem', 'xsave', 'M', 'xsaveM', XSAVE),
  row('NP 0F AE /5 mem', 'xrstor', 'M', 'xrstorM', XSAVE),
  row('NP 0F AE /6 mem', 'xsaveopt', 'M', 'xsaveM', { ...XSAVE, feature: 'xsaveopt' }),
];
