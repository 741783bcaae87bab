import { type OpcodeRow, row } from '../row.ts';

const PROTECTED = { protectedOnly: true } as const;

/** Segment registers, descriptors, far branches. */
export const segmentRows: readonly OpcodeRow[] = [
  row('8C /r', 'mov', 'Ev,Sw', 'movEvSw', { sensitive: 'movSeg' }),
  row('8E /r', 'mov', 'Sw,Ew', 'movSwEw', { ends: true, sensitive: 'movSeg' }),
  row('06', 'push', '', 'pushEs', { long: 'invalid', sensitive: 'pushSeg' }),
  row('0E', 'push', '', 'pushCs', { long: 'invalid', sensitive: 'pushSeg' }),
  row('16', 'push', '', 'pushSs', { long: 'invalid', sensitive: 'pushSeg' }),
  row('1E', 'push', '', 'pushDs', { long: 'invalid', sensitive: 'pushSeg' }),
  row('0F A0', 'push', '', 'pushFs', { size: '64', sensitive: 'pushSeg' }),
  row('0F A8', 'push', '', 'pushGs', { size: '64', sensitive: 'pushSeg' }),
  row('07', 'pop', '', 'popEs', { long: 'invalid', ends: true, sensitive: 'popSeg' }),
  row('17', 'pop', '', 'popSs', { long: 'invalid', ends: true, sensitive: 'popSeg' }),
  row('1F', 'pop', '', 'popDs', { long: 'invalid', ends: true, sensitive: 'popSeg' }),
  row('0F A1', 'pop', '', 'popFs', { size: '64', ends: true, sensitive: 'popSeg' }),
  row('0F A9', 'pop', '', 'popGs', { size: '64', ends: true, sensitive: 'popSeg' }),
  row('C4 /r mem', 'les', 'Gv,Mp', 'lesGvMp', { long: 'invalid', ends: true }),
  row('C5 /r mem', 'lds', 'Gv,Mp', 'ldsGvMp', { long: 'invalid', ends: true }),
  row('0F B2 /r mem', 'lss', 'Gv,Mp', 'lssGvMp', { ends: true }),
  row('0F B4 /r mem', 'lfs', 'Gv,Mp', 'lfsGvMp', { ends: true }),
  row('0F B5 /r mem', 'lgs', 'Gv,Mp', 'lgsGvMp', { ends: true }),
  row('0F 02 /r', 'lar', 'Gv,Ew', 'larGvEw', { ...PROTECTED, writes: 'z', sensitive: 'lar' }),
  row('0F 03 /r', 'lsl', 'Gv,Ew', 'lslGvEw', { ...PROTECTED, writes: 'z', sensitive: 'lsl' }),
  row('0F 00 /4', 'verr', 'Ew', 'verrEw', { ...PROTECTED, writes: 'z', sensitive: 'verr' }),
  row('0F 00 /5', 'verw', 'Ew', 'verwEw', { ...PROTECTED, writes: 'z', sensitive: 'verw' }),
  row('63 /r', 'arpl', 'Ew,Gw', 'arplEwGw', { ...PROTECTED, long: 'invalid', writes: 'z' }),

  row('EA', 'jmp far', 'Ap', 'jmpAp', { long: 'invalid', ends: true, sensitive: 'jmpFar' }),
  row('9A', 'call far', 'Ap', 'callAp', { long: 'invalid', ends: true, sensitive: 'callFar' }),
  row('FF /5 mem', 'jmp far', 'Mp', 'jmpMp', { ends: true, sensitive: 'jmpFar' }),
  row('FF /3 mem', 'call far', 'Mp', 'callMp', { ends: true, sensitive: 'callFar' }),
  row('CB', 'retf', '', 'retf', { ends: true, sensitive: 'retFar' }),
  row('CA', 'retf', 'Iw', 'retfIw', { ends: true, sensitive: 'retFar' }),
  row('CF', 'iret', '', 'iret', { ends: true, sensitive: 'iret' }),
  row('CD', 'int', 'Ib', 'intIb', { ends: true, sensitive: 'intN' }),
  row('CC', 'int3', '', 'int3', { ends: true }),
  row('CE', 'into', '', 'into', { long: 'invalid', ends: true }),
  row('F1', 'int1', '', 'int1', { ends: true }),
];
