/** Traps of the processor's own: interrupts, and instructions that control it or ask it. */
import { msrs } from '../../emu/isa/msrs.ts';
import { CR_ACCESS_XCR0, DESCRIPTOR_TABLE, SENSITIVE } from '../../emu/layout.ts';
import { REGISTER, type RegisterName } from '../../trace/event.ts';
import { TRIGGER } from '../../trace/introspection.ts';
import type { Description, FieldValue } from './description.ts';
import type { Exit } from './exit.ts';
import type { Introspected, TrapNames } from './names.ts';
import { hex, hexBytes, inParentheses, plural } from './values.ts';

const instructionOf = ({ chunk, row }: Exit): bigint => chunk.rip(row);

export function interrupt(exit: Exit, { vectors }: TrapNames): Description {
  const vector = exit.word('vector');
  const name = vectors.get(vector);
  const subject = `vector ${hex(vector)}${name === undefined ? '' : ` (${name})`}`;
  const instruction = instructionOf(exit);
  return { policy: 'interrupt', subject, text: subject, fields: { vector, name: name ?? null }, instruction };
}

function load(
  exit: Exit,
  { symbols }: TrapNames,
  register: string,
  more: Readonly<Record<string, string | number>> = {},
): Description {
  const value = hex(exit.long('value'));
  const valueSymbol = symbols.text(exit.long('value'));
  const tail = Object.entries(more).map(([name, text]) => `, ${name} ${text}`);
  return {
    policy: 'control',
    subject: register,
    text: `${register} <- ${value}${inParentheses(valueSymbol)}${tail.join('')}`,
    fields: { register, value, valueSymbol: valueSymbol ?? null, ...more },
    instruction: instructionOf(exit),
  };
}

export function controlRegister(exit: Exit, names: TrapNames): Description {
  const number = exit.low('qualification');
  return load(exit, names, number === CR_ACCESS_XCR0 ? 'xcr0' : `cr${number}`);
}

const MSR_NAMES = new Map(msrs.map(({ index, name }) => [index, name]));

export function modelSpecificRegister(exit: Exit, names: TrapNames): Description {
  const index = exit.low('qualification');
  const name = MSR_NAMES.get(index);
  return load(exit, names, `msr ${hex(index)}${name === undefined ? '' : ` (${name})`}`);
}

const TABLE_NAMES = new Map<number, string>(Object.entries(DESCRIPTOR_TABLE).map(([name, number]) => [number, name]));

/** GDTR and IDTR get base and limit, LDTR and TR a selector. */
export function descriptorTable(exit: Exit, names: TrapNames): Description {
  const register = TABLE_NAMES.get(exit.low('qualification')) ?? 'descriptor table';
  const limit = register === 'gdtr' || register === 'idtr' ? { limit: hex(exit.low('linear')) } : {};
  return load(exit, names, register, limit);
}

type Sensitive = (typeof SENSITIVE)[number];

/** As assemblers write them, where that is more than one word. */
const MNEMONICS: Readonly<Partial<Record<Sensitive, string>>> = {
  movSeg: 'mov segment',
  pushSeg: 'push segment',
  popSeg: 'pop segment',
  callFar: 'call far',
  jmpFar: 'jmp far',
  retFar: 'ret far',
  intN: 'int n',
};

export function sensitive(exit: Exit): Description {
  const name = SENSITIVE[exit.low('qualification')];
  const subject = name === undefined ? `instruction ${exit.low('qualification')}` : (MNEMONICS[name] ?? name);
  const bytes = hexBytes(exit.instruction);
  return {
    policy: 'sensitive',
    subject,
    text: `${subject} <${bytes}>`,
    fields: { instruction: subject, bytes },
    instruction: instructionOf(exit),
  };
}

const RDTSC = '0f31';

export function timeStamp(exit: Exit): Description {
  // Prefixes may stand before it.
  const subject = hexBytes(exit.instruction).endsWith(RDTSC) ? 'rdtsc' : 'rdtscp';
  const value = hex(exit.long('value'));
  const instruction = instructionOf(exit);
  return { policy: 'rdtsc', subject, text: `${subject} -> ${value}`, fields: { value }, instruction };
}

/** Leaves that look at ECX (SDM volume 2, CPUID; AMD APM volume 3, appendix E); to others it is a leftover. */
const INDEXED: ReadonlySet<number> = new Set([
  4, 7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1a, 0x1b, 0x1d, 0x1f, 0x20, 0x24, 0x8000_001d, 0x8000_0020,
  0x8000_0026,
]);

export function cpuid(exit: Exit): Description {
  const number = exit.low('qualification');
  const leaf = hex(number);
  const subleaf = hex(exit.low('value'));
  const answer = {
    eax: hex(exit.low('linear')),
    ebx: hex(exit.high('linear')),
    ecx: hex(exit.low('physical')),
    edx: hex(exit.high('physical')),
  };
  const subject = `leaf ${leaf}${INDEXED.has(number) ? `, subleaf ${subleaf}` : ''}`;
  const shown = Object.entries(answer).map(([name, value]) => `${name}=${value}`);
  return {
    policy: 'cpuid',
    subject,
    text: `${subject} -> ${shown.join(' ')}`,
    fields: { leaf, subleaf, ...answer },
    instruction: instructionOf(exit),
  };
}

/** The function that switches views: it exits only when it fails. */
const SWITCH = 0;
/** What triggers are given, in the order of a function's arguments. */
const PAYLOAD: readonly RegisterName[] = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'];
const TRIGGER_NAMES = new Map<number, string>(Object.entries(TRIGGER).map(([name, number]) => [number, name]));

const countOf = ({ introspection: { kind, rows }, data }: Introspected): string =>
  kind === 'memory' ? plural(data.length, 'byte') : `${rows.length} ${kind}`;

/** Lists as they were taken, memory as hexadecimal bytes. */
function contentOf(found: Introspected | undefined): Description['fields'] {
  if (found === undefined) return {};
  const { introspection, data } = found;
  const text = (value: unknown): FieldValue => (Array.isArray(value) ? value.join(' ') : (value as FieldValue));
  const rows = introspection.rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)])),
  );
  const notes = introspection.notes.join('; ');
  return {
    found: countOf(found),
    ...(introspection.kind === 'memory' ? { address: introspection.address ?? null, bytes: hexBytes(data) } : { rows }),
    ...(notes === '' ? {} : { notes }),
  };
}

export function vmfunc(exit: Exit, { introspections }: TrapNames): Description {
  const leaf = exit.low('qualification');
  const instruction = instructionOf(exit);
  if (leaf === SWITCH) {
    const view = exit.low('value');
    const text = `leaf 0, view ${view}: not on the list`;
    return { policy: 'vmfunc', subject: 'leaf 0, no such view', text, fields: { leaf, view }, instruction };
  }
  const { chunk, row } = exit;
  const name = TRIGGER_NAMES.get(leaf);
  const subject = `leaf ${leaf}${name === undefined ? '' : ` (${name})`}`;
  const payload = PAYLOAD.map((register) => [register, hex(chunk.register(row, REGISTER[register]))] as const);
  const found = introspections.get(chunk.icount(row));
  const shown = payload.map(([register, value]) => `${register}=${value}`).join(' ');
  return {
    policy: 'vmfunc',
    subject,
    text: `${subject}, ${shown}${found === undefined ? '' : `: ${countOf(found)}`}`,
    fields: { leaf, name: name ?? null, ...Object.fromEntries(payload), ...contentOf(found) },
    instruction,
  };
}
