import { type OpcodeRow, row } from '../row.ts';

const SSE = { unit: 'sse', feature: 'sse', aligned: true } as const;
const SSE2 = { unit: 'sse', feature: 'sse2', aligned: true } as const;
const SSE2_REGISTER = { unit: 'sse', feature: 'sse2' } as const;
const SSSE3 = { unit: 'sse', feature: 'ssse3', aligned: true } as const;
const SSE41 = { unit: 'sse', feature: 'sse4_1', aligned: true } as const;
/** Memory operands of fewer than 16 bytes need no alignment. */
const SSE41_SMALL = { unit: 'sse', feature: 'sse4_1' } as const;

/** What rearranges the lanes of XMM registers. */
export const sseShuffleRows: readonly OpcodeRow[] = [
  row('66 0F 60 /r', 'punpcklbw', 'Vx,Wx', 'punpcklbwVxWx', SSE2),
  row('66 0F 61 /r', 'punpcklwd', 'Vx,Wx', 'punpcklwdVxWx', SSE2),
  row('66 0F 62 /r', 'punpckldq', 'Vx,Wx', 'punpckldqVxWx', SSE2),
  row('66 0F 63 /r', 'packsswb', 'Vx,Wx', 'packsswbVxWx', SSE2),
  row('66 0F 67 /r', 'packuswb', 'Vx,Wx', 'packuswbVxWx', SSE2),
  row('66 0F 68 /r', 'punpckhbw', 'Vx,Wx', 'punpckhbwVxWx', SSE2),
  row('66 0F 69 /r', 'punpckhwd', 'Vx,Wx', 'punpckhwdVxWx', SSE2),
  row('66 0F 6A /r', 'punpckhdq', 'Vx,Wx', 'punpckhdqVxWx', SSE2),
  row('66 0F 6B /r', 'packssdw', 'Vx,Wx', 'packssdwVxWx', SSE2),
  row('66 0F 6C /r', 'punpcklqdq', 'Vx,Wx', 'punpcklqdqVxWx', SSE2),
  row('66 0F 6D /r', 'punpckhqdq', 'Vx,Wx', 'punpckhqdqVxWx', SSE2),
  row('66 0F38 2B /r', 'packusdw', 'Vx,Wx', 'packusdwVxWx', SSE41),
  row('NP 0F 14 /r', 'unpcklps', 'Vx,Wx', 'punpckldqVxWx', SSE),
  row('66 0F 14 /r', 'unpcklpd', 'Vx,Wx', 'punpcklqdqVxWx', SSE2),
  row('NP 0F 15 /r', 'unpckhps', 'Vx,Wx', 'punpckhdqVxWx', SSE),
  row('66 0F 15 /r', 'unpckhpd', 'Vx,Wx', 'punpckhqdqVxWx', SSE2),

  row('66 0F38 00 /r', 'pshufb', 'Vx,Wx', 'pshufbVxWx', SSSE3),
  row('66 0F 70 /r', 'pshufd', 'Vx,Wx,Ib', 'pshufdVxWxIb', SSE2),
  row('F2 0F 70 /r', 'pshuflw', 'Vx,Wx,Ib', 'pshuflwVxWxIb', SSE2),
  row('F3 0F 70 /r', 'pshufhw', 'Vx,Wx,Ib', 'pshufhwVxWxIb', SSE2),
  row('NP 0F C6 /r', 'shufps', 'Vx,Wx,Ib', 'shufpsVxWxIb', SSE),
  row('66 0F C6 /r', 'shufpd', 'Vx,Wx,Ib', 'shufpdVxWxIb', SSE2),
  row('66 0F3A 0F /r', 'palignr', 'Vx,Wx,Ib', 'palignrVxWxIb', SSSE3),

  row('66 0F38 10 /r', 'pblendvb', 'Vx,Wx,XMM0', 'pblendvbVxWx', SSE41),
  row('66 0F38 14 /r', 'blendvps', 'Vx,Wx,XMM0', 'blendvpsVxWx', SSE41),
  row('66 0F38 15 /r', 'blendvpd', 'Vx,Wx,XMM0', 'blendvpdVxWx', SSE41),
  row('66 0F3A 0C /r', 'blendps', 'Vx,Wx,Ib', 'blendpsVxWxIb', SSE41),
  row('66 0F3A 0D /r', 'blendpd', 'Vx,Wx,Ib', 'blendpdVxWxIb', SSE41),
  row('66 0F3A 0E /r', 'pblendw', 'Vx,Wx,Ib', 'pblendwVxWxIb', SSE41),

  row('66 0F3A 20 /r', 'pinsrb', 'Vx,Ed,Ib', 'pinsrbVxEdIb', SSE41_SMALL),
  row('66 0F C4 /r', 'pinsrw', 'Vx,Ed,Ib', 'pinsrwVxEdIb', SSE2_REGISTER),
  row('66 0F3A 22 /r', 'pinsrd', 'Vx,Ey,Ib', 'pinsrdVxEyIb', SSE41_SMALL),
  row('66 0F C5 /r', 'pextrw', 'Gd,Ux,Ib', 'pextrwGdUxIb', SSE2_REGISTER),
  row('66 0F3A 14 /r', 'pextrb', 'Ed,Vx,Ib', 'pextrbEdVxIb', SSE41_SMALL),
  row('66 0F3A 15 /r', 'pextrw', 'Ed,Vx,Ib', 'pextrwEdVxIb', SSE41_SMALL),
  row('66 0F3A 16 /r', 'pextrd', 'Ey,Vx,Ib', 'pextrdEyVxIb', SSE41_SMALL),
  row('66 0F3A 17 /r', 'extractps', 'Ed,Vx,Ib', 'extractpsEdVxIb', SSE41_SMALL),
  row('66 0F3A 21 /r', 'insertps', 'Vx,Wx,Ib', 'insertpsVxWxIb', SSE41_SMALL),

  row('66 0F38 20 /r', 'pmovsxbw', 'Vx,Wx', 'pmovsxbwVxWx', SSE41_SMALL),
  row('66 0F38 21 /r', 'pmovsxbd', 'Vx,Wx', 'pmovsxbdVxWx', SSE41_SMALL),
  row('66 0F38 22 /r', 'pmovsxbq', 'Vx,Wx', 'pmovsxbqVxWx', SSE41_SMALL),
  row('66 0F38 23 /r', 'pmovsxwd', 'Vx,Wx', 'pmovsxwdVxWx', SSE41_SMALL),
  row('66 0F38 24 /r', 'pmovsxwq', 'Vx,Wx', 'pmovsxwqVxWx', SSE41_SMALL),
  row('66 0F38 25 /r', 'pmovsxdq', 'Vx,Wx', 'pmovsxdqVxWx', SSE41_SMALL),
  row('66 0F38 30 /r', 'pmovzxbw', 'Vx,Wx', 'pmovzxbwVxWx', SSE41_SMALL),
  row('66 0F38 31 /r', 'pmovzxbd', 'Vx,Wx', 'pmovzxbdVxWx', SSE41_SMALL),
  row('66 0F38 32 /r', 'pmovzxbq', 'Vx,Wx', 'pmovzxbqVxWx', SSE41_SMALL),
  row('66 0F38 33 /r', 'pmovzxwd', 'Vx,Wx', 'pmovzxwdVxWx', SSE41_SMALL),
  row('66 0F38 34 /r', 'pmovzxwq', 'Vx,Wx', 'pmovzxwqVxWx', SSE41_SMALL),
  row('66 0F38 35 /r', 'pmovzxdq', 'Vx,Wx', 'pmovzxdqVxWx', SSE41_SMALL),
];
