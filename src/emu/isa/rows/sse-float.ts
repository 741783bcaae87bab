import { type OpcodeRow, row } from '../row.ts';

const SSE = { unit: 'sse', feature: 'sse' } as const;
const SSE_ALIGNED = { ...SSE, aligned: true } as const;
const SSE2 = { unit: 'sse', feature: 'sse2' } as const;
const SSE2_ALIGNED = { ...SSE2, aligned: true } as const;
const SSE3_ALIGNED = { unit: 'sse', feature: 'pni', aligned: true } as const;
const SSE41 = { unit: 'sse', feature: 'sse4_1' } as const;
const SSE41_ALIGNED = { ...SSE41, aligned: true } as const;
/** MMX operands: a pending x87 exception comes first. */
const MMX_SSE = { unit: 'mmx', feature: 'sse' } as const;
const MMX_SSE2 = { unit: 'mmx', feature: 'sse2' } as const;
const ORDER = { writes: 'oszapc' } as const;

export const sseFloatRows: readonly OpcodeRow[] = [
  row('NP 0F 51 /r', 'sqrtps', 'Vx,Wx', 'sqrtpsVxWx', SSE_ALIGNED),
  row('66 0F 51 /r', 'sqrtpd', 'Vx,Wx', 'sqrtpdVxWx', SSE2_ALIGNED),
  row('F3 0F 51 /r', 'sqrtss', 'Vx,Wx', 'sqrtssVxWx', SSE),
  row('F2 0F 51 /r', 'sqrtsd', 'Vx,Wx', 'sqrtsdVxWx', SSE2),
  row('NP 0F 52 /r', 'rsqrtps', 'Vx,Wx', 'rsqrtpsVxWx', SSE_ALIGNED),
  row('F3 0F 52 /r', 'rsqrtss', 'Vx,Wx', 'rsqrtssVxWx', SSE),
  row('NP 0F 53 /r', 'rcpps', 'Vx,Wx', 'rcppsVxWx', SSE_ALIGNED),
  row('F3 0F 53 /r', 'rcpss', 'Vx,Wx', 'rcpssVxWx', SSE),
  row('NP 0F 58 /r', 'addps', 'Vx,Wx', 'addpsVxWx', SSE_ALIGNED),
  row('66 0F 58 /r', 'addpd', 'Vx,Wx', 'addpdVxWx', SSE2_ALIGNED),
  row('F3 0F 58 /r', 'addss', 'Vx,Wx', 'addssVxWx', SSE),
  row('F2 0F 58 /r', 'addsd', 'Vx,Wx', 'addsdVxWx', SSE2),
  row('NP 0F 59 /r', 'mulps', 'Vx,Wx', 'mulpsVxWx', SSE_ALIGNED),
  row('66 0F 59 /r', 'mulpd', 'Vx,Wx', 'mulpdVxWx', SSE2_ALIGNED),
  row('F3 0F 59 /r', 'mulss', 'Vx,Wx', 'mulssVxWx', SSE),
  row('F2 0F 59 /r', 'mulsd', 'Vx,Wx', 'mulsdVxWx', SSE2),
  row('NP 0F 5C /r', 'subps', 'Vx,Wx', 'subpsVxWx', SSE_ALIGNED),
  row('66 0F 5C /r', 'subpd', 'Vx,Wx', 'subpdVxWx', SSE2_ALIGNED),
  row('F3 0F 5C /r', 'subss', 'Vx,Wx', 'subssVxWx', SSE),
  row('F2 0F 5C /r', 'subsd', 'Vx,Wx', 'subsdVxWx', SSE2),
  row('NP 0F 5D /r', 'minps', 'Vx,Wx', 'minpsVxWx', SSE_ALIGNED),
  row('66 0F 5D /r', 'minpd', 'Vx,Wx', 'minpdVxWx', SSE2_ALIGNED),
  row('F3 0F 5D /r', 'minss', 'Vx,Wx', 'minssVxWx', SSE),
  row('F2 0F 5D /r', 'minsd', 'Vx,Wx', 'minsdVxWx', SSE2),
  row('NP 0F 5E /r', 'divps', 'Vx,Wx', 'divpsVxWx', SSE_ALIGNED),
  row('66 0F 5E /r', 'divpd', 'Vx,Wx', 'divpdVxWx', SSE2_ALIGNED),
  row('F3 0F 5E /r', 'divss', 'Vx,Wx', 'divssVxWx', SSE),
  row('F2 0F 5E /r', 'divsd', 'Vx,Wx', 'divsdVxWx', SSE2),
  row('NP 0F 5F /r', 'maxps', 'Vx,Wx', 'maxpsVxWx', SSE_ALIGNED),
  row('66 0F 5F /r', 'maxpd', 'Vx,Wx', 'maxpdVxWx', SSE2_ALIGNED),
  row('F3 0F 5F /r', 'maxss', 'Vx,Wx', 'maxssVxWx', SSE),
  row('F2 0F 5F /r', 'maxsd', 'Vx,Wx', 'maxsdVxWx', SSE2),

  row('F2 0F 7C /r', 'haddps', 'Vx,Wx', 'haddpsVxWx', SSE3_ALIGNED),
  row('66 0F 7C /r', 'haddpd', 'Vx,Wx', 'haddpdVxWx', SSE3_ALIGNED),
  row('F2 0F 7D /r', 'hsubps', 'Vx,Wx', 'hsubpsVxWx', SSE3_ALIGNED),
  row('66 0F 7D /r', 'hsubpd', 'Vx,Wx', 'hsubpdVxWx', SSE3_ALIGNED),
  row('F2 0F D0 /r', 'addsubps', 'Vx,Wx', 'addsubpsVxWx', SSE3_ALIGNED),
  row('66 0F D0 /r', 'addsubpd', 'Vx,Wx', 'addsubpdVxWx', SSE3_ALIGNED),
  row('66 0F3A 40 /r', 'dpps', 'Vx,Wx,Ib', 'dppsVxWxIb', SSE41_ALIGNED),
  row('66 0F3A 41 /r', 'dppd', 'Vx,Wx,Ib', 'dppdVxWxIb', SSE41_ALIGNED),

  row('NP 0F C2 /r', 'cmpps', 'Vx,Wx,Ib', 'cmppsVxWxIb', SSE_ALIGNED),
  row('66 0F C2 /r', 'cmppd', 'Vx,Wx,Ib', 'cmppdVxWxIb', SSE2_ALIGNED),
  row('F3 0F C2 /r', 'cmpss', 'Vx,Wx,Ib', 'cmpssVxWxIb', SSE),
  row('F2 0F C2 /r', 'cmpsd', 'Vx,Wx,Ib', 'cmpsdVxWxIb', SSE2),
  row('NP 0F 2E /r', 'ucomiss', 'Vx,Wx', 'ucomissVxWx', { ...SSE, ...ORDER }),
  row('66 0F 2E /r', 'ucomisd', 'Vx,Wx', 'ucomisdVxWx', { ...SSE2, ...ORDER }),
  row('NP 0F 2F /r', 'comiss', 'Vx,Wx', 'comissVxWx', { ...SSE, ...ORDER }),
  row('66 0F 2F /r', 'comisd', 'Vx,Wx', 'comisdVxWx', { ...SSE2, ...ORDER }),
  row('66 0F3A 08 /r', 'roundps', 'Vx,Wx,Ib', 'roundpsVxWxIb', SSE41_ALIGNED),
  row('66 0F3A 09 /r', 'roundpd', 'Vx,Wx,Ib', 'roundpdVxWxIb', SSE41_ALIGNED),
  row('66 0F3A 0A /r', 'roundss', 'Vx,Wx,Ib', 'roundssVxWxIb', SSE41),
  row('66 0F3A 0B /r', 'roundsd', 'Vx,Wx,Ib', 'roundsdVxWxIb', SSE41),

  row('NP 0F 2A /r', 'cvtpi2ps', 'Vx,Qq', 'cvtpi2psVxQq', MMX_SSE),
  row('66 0F 2A /r', 'cvtpi2pd', 'Vx,Qq', 'cvtpi2pdVxQq', MMX_SSE2),
  row('F3 0F 2A /r', 'cvtsi2ss', 'Vx,Ey', 'cvtsi2ssVxEy', SSE),
  row('F2 0F 2A /r', 'cvtsi2sd', 'Vx,Ey', 'cvtsi2sdVxEy', SSE2),
  row('NP 0F 2C /r', 'cvttps2pi', 'Pq,Wx', 'cvttps2piPqWx', MMX_SSE),
  row('66 0F 2C /r', 'cvttpd2pi', 'Pq,Wx', 'cvttpd2piPqWx', { ...MMX_SSE2, aligned: true }),
  row('F3 0F 2C /r', 'cvttss2si', 'Gy,Wx', 'cvttss2siGyWx', SSE),
  row('F2 0F 2C /r', 'cvttsd2si', 'Gy,Wx', 'cvttsd2siGyWx', SSE2),
  row('NP 0F 2D /r', 'cvtps2pi', 'Pq,Wx', 'cvtps2piPqWx', MMX_SSE),
  row('66 0F 2D /r', 'cvtpd2pi', 'Pq,Wx', 'cvtpd2piPqWx', { ...MMX_SSE2, aligned: true }),
  row('F3 0F 2D /r', 'cvtss2si', 'Gy,Wx', 'cvtss2siGyWx', SSE),
  row('F2 0F 2D /r', 'cvtsd2si', 'Gy,Wx', 'cvtsd2siGyWx', SSE2),
  row('NP 0F 5A /r', 'cvtps2pd', 'Vx,Wx', 'cvtps2pdVxWx', SSE2),
  row('66 0F 5A /r', 'cvtpd2ps', 'Vx,Wx', 'cvtpd2psVxWx', SSE2_ALIGNED),
  row('F3 0F 5A /r', 'cvtss2sd', 'Vx,Wx', 'cvtss2sdVxWx', SSE2),
  row('F2 0F 5A /r', 'cvtsd2ss', 'Vx,Wx', 'cvtsd2ssVxWx', SSE2),
  row('NP 0F 5B /r', 'cvtdq2ps', 'Vx,Wx', 'cvtdq2psVxWx', SSE2_ALIGNED),
  row('66 0F 5B /r', 'cvtps2dq', 'Vx,Wx', 'cvtps2dqVxWx', SSE2_ALIGNED),
  row('F3 0F 5B /r', 'cvttps2dq', 'Vx,Wx', 'cvttps2dqVxWx', SSE2_ALIGNED),
  row('66 0F E6 /r', 'cvttpd2dq', 'Vx,Wx', 'cvttpd2dqVxWx', SSE2_ALIGNED),
  row('F3 0F E6 /r', 'cvtdq2pd', 'Vx,Wx', 'cvtdq2pdVxWx', SSE2),
  row('F2 0F E6 /r', 'cvtpd2dq', 'Vx,Wx', 'cvtpd2dqVxWx', SSE2_ALIGNED),

  row('NP 0F AE /2', 'ldmxcsr', 'Md', 'ldmxcsrMd', SSE),
  row('NP 0F AE /3', 'stmxcsr', 'Md', 'stmxcsrMd', SSE),
];
