import { type OpcodeRow, row } from '../row.ts';

const SSE = { unit: 'sse', feature: 'sse' } as const;
const SSE_ALIGNED = { ...SSE, aligned: true } as const;
const SSE2 = { unit: 'sse', feature: 'sse2' } as const;
const SSE2_ALIGNED = { ...SSE2, aligned: true } as const;
const SSE3 = { unit: 'sse', feature: 'pni' } as const;
const SSE3_ALIGNED = { ...SSE3, aligned: true } as const;
const SSE41_ALIGNED = { unit: 'sse', feature: 'sse4_1', aligned: true } as const;

/** Moves between XMM registers, memory and general registers, and the logic operations named after floating point. */
export const sseMoveRows: readonly OpcodeRow[] = [
  row('NP 0F 10 /r', 'movups', 'Vx,Wx', 'movVxWx', SSE),
  row('NP 0F 11 /r', 'movups', 'Wx,Vx', 'movWxVx', SSE),
  row('66 0F 10 /r', 'movupd', 'Vx,Wx', 'movVxWx', SSE2),
  row('66 0F 11 /r', 'movupd', 'Wx,Vx', 'movWxVx', SSE2),
  row('NP 0F 28 /r', 'movaps', 'Vx,Wx', 'movVxWx', SSE_ALIGNED),
  row('NP 0F 29 /r', 'movaps', 'Wx,Vx', 'movWxVx', SSE_ALIGNED),
  row('66 0F 28 /r', 'movapd', 'Vx,Wx', 'movVxWx', SSE2_ALIGNED),
  row('66 0F 29 /r', 'movapd', 'Wx,Vx', 'movWxVx', SSE2_ALIGNED),
  row('66 0F 6F /r', 'movdqa', 'Vx,Wx', 'movVxWx', SSE2_ALIGNED),
  row('66 0F 7F /r', 'movdqa', 'Wx,Vx', 'movWxVx', SSE2_ALIGNED),
  row('F3 0F 6F /r', 'movdqu', 'Vx,Wx', 'movVxWx', SSE2),
  row('F3 0F 7F /r', 'movdqu', 'Wx,Vx', 'movWxVx', SSE2),
  row('F2 0F F0 /r', 'lddqu', 'Vx,Mdq', 'movVxWx', SSE3),
  row('NP 0F 2B /r', 'movntps', 'Mdq,Vx', 'movWxVx', SSE_ALIGNED),
  row('66 0F 2B /r', 'movntpd', 'Mdq,Vx', 'movWxVx', SSE2_ALIGNED),
  row('66 0F E7 /r', 'movntdq', 'Mdq,Vx', 'movWxVx', SSE2_ALIGNED),
  row('66 0F38 2A /r', 'movntdqa', 'Vx,Mdq', 'movVxWx', SSE41_ALIGNED),

  row('F3 0F 10 /r mem', 'movss', 'Vx,Md', 'movssVxMd', SSE),
  row('F3 0F 10 /r reg', 'movss', 'Vx,Ux', 'movssVxUx', SSE),
  row('F3 0F 11 /r mem', 'movss', 'Md,Vx', 'movssMdVx', SSE),
  row('F3 0F 11 /r reg', 'movss', 'Ux,Vx', 'movssUxVx', SSE),
  row('F2 0F 10 /r mem', 'movsd', 'Vx,Mq', 'movqVxWq', SSE2),
  row('F2 0F 10 /r reg', 'movsd', 'Vx,Ux', 'movsdVxUx', SSE2),
  row('F2 0F 11 /r mem', 'movsd', 'Mq,Vx', 'movqMqVx', SSE2),
  row('F2 0F 11 /r reg', 'movsd', 'Ux,Vx', 'movsdUxVx', SSE2),
  row('F3 0F 7E /r', 'movq', 'Vx,Wx', 'movqVxWq', SSE2),
  row('66 0F D6 /r mem', 'movq', 'Mq,Vx', 'movqMqVx', SSE2),
  row('66 0F D6 /r reg', 'movq', 'Ux,Vx', 'movqUxVx', SSE2),
  row('66 0F 6E /r', 'movd', 'Vx,Ey', 'movdVxEy', SSE2),
  row('66 0F 7E /r', 'movd', 'Ey,Vx', 'movdEyVx', SSE2),

  row('NP 0F 12 /r mem', 'movlps', 'Vx,Mq', 'movlpsVxMq', SSE),
  row('NP 0F 12 /r reg', 'movhlps', 'Vx,Ux', 'movhlpsVxUx', SSE),
  row('66 0F 12 /r mem', 'movlpd', 'Vx,Mq', 'movlpsVxMq', SSE2),
  row('NP 0F 13 /r mem', 'movlps', 'Mq,Vx', 'movqMqVx', SSE),
  row('66 0F 13 /r mem', 'movlpd', 'Mq,Vx', 'movqMqVx', SSE2),
  row('NP 0F 16 /r mem', 'movhps', 'Vx,Mq', 'movhpsVxMq', SSE),
  row('NP 0F 16 /r reg', 'movlhps', 'Vx,Ux', 'movlhpsVxUx', SSE),
  row('66 0F 16 /r mem', 'movhpd', 'Vx,Mq', 'movhpsVxMq', SSE2),
  row('NP 0F 17 /r mem', 'movhps', 'Mq,Vx', 'movhpsMqVx', SSE),
  row('66 0F 17 /r mem', 'movhpd', 'Mq,Vx', 'movhpsMqVx', SSE2),
  row('F2 0F 12 /r', 'movddup', 'Vx,Wx', 'movddupVxWq', SSE3),
  row('F3 0F 12 /r', 'movsldup', 'Vx,Wx', 'movsldupVxWx', SSE3_ALIGNED),
  row('F3 0F 16 /r', 'movshdup', 'Vx,Wx', 'movshdupVxWx', SSE3_ALIGNED),

  row('NP 0F 50 /r', 'movmskps', 'Gd,Ux', 'movmskpsGdUx', SSE),
  row('66 0F 50 /r', 'movmskpd', 'Gd,Ux', 'movmskpdGdUx', SSE2),
  row('66 0F D7 /r', 'pmovmskb', 'Gd,Ux', 'pmovmskbGdUx', SSE2),
  row('66 0F F7 /r', 'maskmovdqu', 'Vx,Ux', 'maskmovdquVxUx', SSE2),

  row('NP 0F 54 /r', 'andps', 'Vx,Wx', 'pandVxWx', SSE_ALIGNED),
  row('66 0F 54 /r', 'andpd', 'Vx,Wx', 'pandVxWx', SSE2_ALIGNED),
  row('NP 0F 55 /r', 'andnps', 'Vx,Wx', 'pandnVxWx', SSE_ALIGNED),
  row('66 0F 55 /r', 'andnpd', 'Vx,Wx', 'pandnVxWx', SSE2_ALIGNED),
  row('NP 0F 56 /r', 'orps', 'Vx,Wx', 'porVxWx', SSE_ALIGNED),
  row('66 0F 56 /r', 'orpd', 'Vx,Wx', 'porVxWx', SSE2_ALIGNED),
  row('NP 0F 57 /r', 'xorps', 'Vx,Wx', 'pxorVxWx', SSE_ALIGNED),
  row('66 0F 57 /r', 'xorpd', 'Vx,Wx', 'pxorVxWx', SSE2_ALIGNED),
];
