import { type OpcodeRow, row } from '../row.ts';

export const miscRows: readonly OpcodeRow[] = [
  row('0F 0D /r mem', 'prefetchw', 'Ev', 'nop', { feature: '3dnowprefetch' }),
  row('0F 18 /r', 'prefetch', 'Ev', 'nop'),
  row('0F 19 /r', 'nop', 'Ev', 'nop'),
  row('0F 1A /r', 'nop', 'Ev', 'nop'),
  row('0F 1B /r', 'nop', 'Ev', 'nop'),
  row('0F 1C /r', 'nop', 'Ev', 'nop'),
  row('0F 1D /r', 'nop', 'Ev', 'nop'),
  row('0F 1E /r', 'nop', 'Ev', 'nop'),
  row('0F 1F /r', 'nop', 'Ev', 'nop'),
  row('NP 0F AE /5 reg', 'lfence', '', 'nop', { feature: 'sse2' }),
  row('NP 0F AE /6 reg', 'mfence', '', 'nop', { feature: 'sse2' }),
  row('NP 0F AE /7 reg', 'sfence', '', 'nop', { feature: 'sse' }),
  row('NP 0F AE /7 mem', 'clflush', 'Mb', 'clflushM', { feature: 'clflush' }),
  row('66 0F AE /7 mem', 'clflushopt', 'Mb', 'clflushM', { feature: 'clflushopt' }),
  row('66 0F AE /6 mem', 'clwb', 'Mb', 'clflushM', { feature: 'clwb' }),

  row('9E', 'sahf', '', 'sahf', { writes: 'szapc' }),
  row('9F', 'lahf', '', 'lahf'),
  row('F5', 'cmc', '', 'cmc', { writes: 'c' }),
  row('F8', 'clc', '', 'clc', { writes: 'c' }),
  row('F9', 'stc', '', 'stc', { writes: 'c' }),
  row('FC', 'cld', '', 'cld'),
  row('FD', 'std', '', 'std'),
  row('D6', 'salc', '', 'salc', { long: 'invalid' }),
  row('62 /r mem', 'bound', 'Gv,M', 'boundGvM', { long: 'invalid' }),

  row('0F 0B', 'ud2', '', 'undefinedOpcode', { ends: true }),
  row('0F B9 /r', 'ud1', 'Gv,Ev', 'undefinedOpcode', { ends: true }),
  row('0F FF /r', 'ud0', 'Gv,Ev', 'undefinedOpcode', { ends: true }),

  row('F2 0F38 F0 /r', 'crc32', 'Gd,Eb', 'crc32GdEb', { feature: 'sse4_2' }),
  row('F2 0F38 F1 /r', 'crc32', 'Gd,Ev', 'crc32GdEv', { feature: 'sse4_2' }),
  row('0F C7 /6 reg', 'rdrand', 'Ev', 'rdrandEv', { writes: 'oszapc', feature: 'rdrand' }),
  row('0F C7 /7 reg', 'rdseed', 'Ev', 'rdrandEv', { writes: 'oszapc', feature: 'rdseed' }),
  row('F3 0F C7 /7 reg', 'rdpid', 'Ey', 'rdpidEy', { feature: 'rdpid' }),
];
