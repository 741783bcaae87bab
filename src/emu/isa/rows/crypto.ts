import { type OpcodeRow, row } from '../row.ts';

const AES = { unit: 'sse', feature: 'aes', aligned: true } as const;
const CARRYLESS = { unit: 'sse', feature: 'pclmulqdq', aligned: true } as const;
/** AMD processors do not demand alignment here. */
const SHA = { unit: 'sse', feature: 'sha_ni' } as const;

export const cryptoRows: readonly OpcodeRow[] = [
  row('66 0F38 DB /r', 'aesimc', 'Vx,Wx', 'aesimcVxWx', AES),
  row('66 0F38 DC /r', 'aesenc', 'Vx,Wx', 'aesencVxWx', AES),
  row('66 0F38 DD /r', 'aesenclast', 'Vx,Wx', 'aesenclastVxWx', AES),
  row('66 0F38 DE /r', 'aesdec', 'Vx,Wx', 'aesdecVxWx', AES),
  row('66 0F38 DF /r', 'aesdeclast', 'Vx,Wx', 'aesdeclastVxWx', AES),
  row('66 0F3A DF /r', 'aeskeygenassist', 'Vx,Wx,Ib', 'aeskeygenassistVxWxIb', AES),
  row('66 0F3A 44 /r', 'pclmulqdq', 'Vx,Wx,Ib', 'pclmulqdqVxWxIb', CARRYLESS),
  row('NP 0F38 C8 /r', 'sha1nexte', 'Vx,Wx', 'sha1nexteVxWx', SHA),
  row('NP 0F38 C9 /r', 'sha1msg1', 'Vx,Wx', 'sha1msg1VxWx', SHA),
  row('NP 0F38 CA /r', 'sha1msg2', 'Vx,Wx', 'sha1msg2VxWx', SHA),
  row('NP 0F38 CB /r', 'sha256rnds2', 'Vx,Wx,XMM0', 'sha256rnds2VxWx', SHA),
  row('NP 0F38 CC /r', 'sha256msg1', 'Vx,Wx', 'sha256msg1VxWx', SHA),
  row('NP 0F38 CD /r', 'sha256msg2', 'Vx,Wx', 'sha256msg2VxWx', SHA),
  row('NP 0F3A CC /r', 'sha1rnds4', 'Vx,Wx,Ib', 'sha1rnds4VxWxIb', SHA),
];
