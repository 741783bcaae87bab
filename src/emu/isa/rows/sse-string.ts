import { type OpcodeRow, row } from '../row.ts';

const SSE42 = { unit: 'sse', feature: 'sse4_2', writes: 'oszapc' } as const;

/** String comparison; its memory operand need not be aligned. */
export const sseStringRows: readonly OpcodeRow[] = [
  row('66 0F3A 60 /r', 'pcmpestrm', 'Vx,Wx,Ib', 'pcmpestrmVxWxIb', SSE42),
  row('66 0F3A 61 /r', 'pcmpestri', 'Vx,Wx,Ib', 'pcmpestriVxWxIb', SSE42),
  row('66 0F3A 62 /r', 'pcmpistrm', 'Vx,Wx,Ib', 'pcmpistrmVxWxIb', SSE42),
  row('66 0F3A 63 /r', 'pcmpistri', 'Vx,Wx,Ib', 'pcmpistriVxWxIb', SSE42),
];
