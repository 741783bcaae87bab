/** The measured programs: what they are called in guest/, how much they do, and the names of the marks they print. */
export interface Program {
  readonly name: string;
  readonly subject: string;
  /** Names behind @S and @E, in order. */
  readonly marks: readonly string[];
  readonly arguments: Readonly<Record<Size, string>>;
}

export type Size = 'tiny' | 'small';

// biome-ignore format: a table
export const PROGRAMS: readonly Program[] = [
  { name: 'a_int',      subject: 'integer loops',                 marks: ['a_int'],             arguments: { tiny: '30000',     small: '300000' } },
  { name: 'b_sha',      subject: 'SHA-256 of 16 MB',              marks: ['b_sha'],             arguments: { tiny: '2',         small: '16' } },
  { name: 'c_mem',      subject: 'load chain and copies, 64 MB',  marks: ['c_chase', 'c_copy'], arguments: { tiny: '300000 2',  small: '3000000 10' } },
  { name: 'd_interp',   subject: 'bytecode machine',              marks: ['d_interp'],          arguments: { tiny: '200000',    small: '2000000' } },
  { name: 'd_qsort',    subject: 'sorting a million integers',    marks: ['d_qsort'],           arguments: { tiny: '100000',    small: '1000000' } },
  { name: 'e_nbody',    subject: 'doubles, long chains',          marks: ['e_nbody'],           arguments: { tiny: '20000',     small: '200000' } },
  { name: 'e_mandel',   subject: 'doubles, short loops',          marks: ['e_mandel'],          arguments: { tiny: '60',        small: '200' } },
  { name: 'f_getppid',  subject: 'a million cheap system calls',  marks: ['f_getppid'],         arguments: { tiny: '100000',    small: '1000000' } },
  { name: 'f_procstat', subject: 'open, read, close in procfs',   marks: ['f_procstat'],        arguments: { tiny: '2000',      small: '20000' } },
  { name: 'f_fork',     subject: 'fork, exit, wait',              marks: ['f_fork'],            arguments: { tiny: '200',       small: '2000' } },
  { name: 'f_pipe',     subject: 'a byte between two processes',  marks: ['f_pipe'],            arguments: { tiny: '10000',     small: '100000' } },
  { name: 'g_map1',     subject: 'mmap, touch, munmap',           marks: ['g_map1'],            arguments: { tiny: '10000',     small: '100000' } },
  { name: 'g_touch',    subject: 'page faults on 64 MB',          marks: ['g_touch'],           arguments: { tiny: '1',         small: '4' } },
];

export function programNamed(name: string): Program {
  const program = PROGRAMS.find((one) => one.name === name);
  if (program === undefined) throw new Error(`no benchmark ${name}; there are ${PROGRAMS.map((one) => one.name)}`);
  return program;
}
