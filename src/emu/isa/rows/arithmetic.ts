import { type OpcodeRow, row } from '../row.ts';

const ALL = { writes: 'oszapc' } as const;
const LOGIC = { writes: 'oszpc', undefined: 'a' } as const;
const MULTIPLY = { writes: 'oc', undefined: 'szap' } as const;
const DIVIDE = { undefined: 'oszapc' } as const;

/** The eight operations of the first 40h opcodes: the operation's number is also its digit in group 1. */
function operation(digit: number, mnemonic: string, flags: typeof ALL | typeof LOGIC): readonly OpcodeRow[] {
  const hex = (form: number) => (digit * 8 + form).toString(16).toUpperCase().padStart(2, '0');
  const locked = mnemonic === 'cmp' ? flags : { ...flags, lock: true };
  return [
    row(`${hex(0)} /r`, mnemonic, 'Eb,Gb', `${mnemonic}EbGb`, locked),
    row(`${hex(1)} /r`, mnemonic, 'Ev,Gv', `${mnemonic}EvGv`, locked),
    row(`${hex(2)} /r`, mnemonic, 'Gb,Eb', `${mnemonic}GbEb`, flags),
    row(`${hex(3)} /r`, mnemonic, 'Gv,Ev', `${mnemonic}GvEv`, flags),
    row(`${hex(4)}`, mnemonic, 'AL,Ib', `${mnemonic}ALIb`, flags),
    row(`${hex(5)}`, mnemonic, 'rAX,Iz', `${mnemonic}RaxIz`, flags),
    row(`80 /${digit}`, mnemonic, 'Eb,Ib', `${mnemonic}EbIb`, locked),
    row(`81 /${digit}`, mnemonic, 'Ev,Iz', `${mnemonic}EvIz`, locked),
    row(`82 /${digit}`, mnemonic, 'Eb,Ib', `${mnemonic}EbIb`, { ...locked, long: 'invalid' }),
    row(`83 /${digit}`, mnemonic, 'Ev,Ibs', `${mnemonic}EvIz`, locked),
  ];
}

export const arithmeticRows: readonly OpcodeRow[] = [
  ...operation(0, 'add', ALL),
  ...operation(1, 'or', LOGIC),
  ...operation(2, 'adc', ALL),
  ...operation(3, 'sbb', ALL),
  ...operation(4, 'and', LOGIC),
  ...operation(5, 'sub', ALL),
  ...operation(6, 'xor', LOGIC),
  ...operation(7, 'cmp', ALL),

  row('84 /r', 'test', 'Eb,Gb', 'testEbGb', LOGIC),
  row('85 /r', 'test', 'Ev,Gv', 'testEvGv', LOGIC),
  row('A8', 'test', 'AL,Ib', 'testALIb', LOGIC),
  row('A9', 'test', 'rAX,Iz', 'testRaxIz', LOGIC),
  row('F6 /0', 'test', 'Eb,Ib', 'testEbIb', LOGIC),
  row('F6 /1', 'test', 'Eb,Ib', 'testEbIb', LOGIC),
  row('F7 /0', 'test', 'Ev,Iz', 'testEvIz', LOGIC),
  row('F7 /1', 'test', 'Ev,Iz', 'testEvIz', LOGIC),

  row('40 +r', 'inc', 'Zv', 'incEv', { writes: 'oszap', long: 'invalid' }),
  row('48 +r', 'dec', 'Zv', 'decEv', { writes: 'oszap', long: 'invalid' }),
  row('FE /0', 'inc', 'Eb', 'incEb', { writes: 'oszap', lock: true }),
  row('FE /1', 'dec', 'Eb', 'decEb', { writes: 'oszap', lock: true }),
  row('FF /0', 'inc', 'Ev', 'incEv', { writes: 'oszap', lock: true }),
  row('FF /1', 'dec', 'Ev', 'decEv', { writes: 'oszap', lock: true }),
  row('F6 /2', 'not', 'Eb', 'notEb', { lock: true }),
  row('F7 /2', 'not', 'Ev', 'notEv', { lock: true }),
  row('F6 /3', 'neg', 'Eb', 'negEb', { ...ALL, lock: true }),
  row('F7 /3', 'neg', 'Ev', 'negEv', { ...ALL, lock: true }),

  row('F6 /4', 'mul', 'Eb', 'mulEb', MULTIPLY),
  row('F7 /4', 'mul', 'Ev', 'mulEv', MULTIPLY),
  row('F6 /5', 'imul', 'Eb', 'imulEb', MULTIPLY),
  row('F7 /5', 'imul', 'Ev', 'imulEv', MULTIPLY),
  row('F6 /6', 'div', 'Eb', 'divEb', DIVIDE),
  row('F7 /6', 'div', 'Ev', 'divEv', DIVIDE),
  row('F6 /7', 'idiv', 'Eb', 'idivEb', DIVIDE),
  row('F7 /7', 'idiv', 'Ev', 'idivEv', DIVIDE),
  row('0F AF /r', 'imul', 'Gv,Ev', 'imulGvEv', MULTIPLY),
  row('69 /r', 'imul', 'Gv,Ev,Iz', 'imulGvEvIz', MULTIPLY),
  row('6B /r', 'imul', 'Gv,Ev,Ibs', 'imulGvEvIz', MULTIPLY),
];
