// The operands of `--watch`: what memory, or which register.
import { UsageError } from '../../emu/errors.ts';
import { SECOND_LEVEL } from '../../emu/layout.ts';
import { VIEWS } from '../../emu/monitor-layout.ts';
import { REGISTER_PARTS, type RegisterPart } from '../../trace/register-part.ts';
import type { TaskFilter, ViewRights } from './watch-rows.ts';

/** A watch as the command line has it; addresses are not yet looked up in any guest. */
export type WatchSpec = {
  /** The operand as it was given: its name in the trace. */
  readonly text: string;
  readonly filter: TaskFilter;
  /** It holds in one second-level view only. */
  readonly view?: ViewRights;
} & (
  | { readonly kind: 'register'; readonly part: RegisterPart; readonly value: bigint | undefined }
  /** A kernel's symbol. `length` undefined: up to the next symbol. */
  | { readonly kind: 'symbol'; readonly symbol: string; readonly length: bigint | undefined }
  | { readonly kind: 'virtual' | 'physical'; readonly address: bigint; readonly length: bigint }
  /** A symbol or section of a program's file, in every process of that program's name. */
  | { readonly kind: 'program'; readonly path: string; readonly symbol: string; readonly length: bigint | undefined }
);

/** Which policy a watch belongs to. */
export type WatchClass = 'memory' | 'register' | 'view';

export function watchClass({ kind, view }: WatchSpec): WatchClass {
  if (view !== undefined) return 'view';
  return kind === 'register' ? 'register' : 'memory';
}

/** For `--help`: a line a form. */
export const WATCH_FORMS: readonly (readonly [form: string, about: string])[] = [
  ['SYMBOL[+BYTES]', 'writes to a kernel symbol, like sys_call_table'],
  ['virt:[PID:]ADDRESS[+BYTES]', 'writes to a guest-virtual range, in one process or all'],
  ['phys:ADDRESS[+BYTES]', 'writes to a guest-physical range'],
  ['exe:FILE:SYMBOL[+BYTES]', "writes to a program's symbol or section, wherever it is loaded"],
  [
    'reg:NAME[=VALUE]',
    'a register, or a part of one (eax, ax, ah, r8d): every change, or when it takes the value; runs step by step',
  ],
  ['view:N:MEMORY:RIGHTS', 'memory by any form above, in view N of VMFUNC: what is beyond rwx, rx, r, ... or none'],
];
/** What each form may end with. */
export const WATCH_FILTERS = '@user, @kernel, @pid:N, @comm:NAME';

const FORMS =
  'use SYMBOL, virt:ADDRESS+BYTES, phys:ADDRESS+BYTES, exe:FILE:SYMBOL, reg:NAME[=VALUE] or view:N:MEMORY:RIGHTS';
/** Bytes of a range whose length is not given. */
const WORD = 8n;
const LONGEST_NAME = 15;

/** Throws UsageError that says which part is wrong. */
export function parseWatch(text: string): WatchSpec {
  const [operand = '', ...suffixes] = text.split('@');
  const filter: TaskFilter = Object.assign({}, ...suffixes.map((suffix) => parseFilter(text, suffix)));
  const form = /^(reg|virt|phys|exe|view):/.exec(operand)?.[1];
  const rest = form === undefined ? operand : operand.slice(form.length + 1);
  switch (form) {
    case 'view':
      return parseView(text, rest, filter);
    case 'reg':
      return { text, filter, kind: 'register', ...parseRegister(text, rest) };
    case 'phys':
      return { text, filter, kind: 'physical', ...parseRange(text, rest) };
    case 'virt':
      return parseVirtual(text, rest, filter);
    case 'exe':
      return parseProgram(text, rest, filter);
    default: {
      const { name, length } = parseName(text, rest);
      return { text, filter, kind: 'symbol', symbol: name, length };
    }
  }
}

function wrong(text: string, why: string): UsageError {
  return new UsageError(`--watch ${text}: ${why}`);
}

function parseFilter(text: string, suffix: string): TaskFilter {
  if (suffix === 'user' || suffix === 'kernel') return { level: suffix };
  const [, key, value = ''] = /^(pid|comm):(.+)$/.exec(suffix) ?? [];
  if (key === 'pid' && /^\d+$/.test(value)) return { process: Number(value) };
  if (key === 'comm') return { name: value.slice(0, LONGEST_NAME) };
  throw wrong(text, `@${suffix} is no filter; use ${WATCH_FILTERS}`);
}

function parseRegister(text: string, rest: string): { part: RegisterPart; value: bigint | undefined } {
  const [name = '', value, ...more] = rest.split('=');
  const part = REGISTER_PARTS.get(name.toLowerCase());
  if (part === undefined || more.length > 0)
    throw wrong(
      text,
      `${name} is no general register; use reg:NAME or reg:NAME=VALUE with rax to r15, or parts like eax`,
    );
  if (value === undefined) return { part, value: undefined };
  const number = parseNumber(text, value);
  const bits = 8 * part.size;
  if (number >> BigInt(bits) !== 0n) throw wrong(text, `${value} has more than the ${bits} bits of ${name}`);
  return { part, value: number };
}

/** What the rights don't allow in a view is recorded there. `ro`: everything but writes. */
function parseView(text: string, rest: string, filter: TaskFilter): WatchSpec {
  const [, index = '', memory = '', rights = ''] = /^(\d+):(.+):([a-z]+)$/.exec(rest) ?? [];
  if (index === '') throw wrong(text, 'use view:N:MEMORY:RIGHTS, as view:1:sys_call_table:none');
  if (Number(index) >= VIEWS) throw wrong(text, `views have numbers from 0 to ${VIEWS - 1}`);
  const allowed = { none: '', ro: 'rx' }[rights] ?? rights;
  if (!/^r?w?x?$/.test(allowed)) throw wrong(text, `${rights} is no right; use rx, rw, r, ... or none`);
  const accesses = (['read', 'write', 'execute'] as const).filter((access) => !allowed.includes(RIGHT[access]));
  if (accesses.length === 0) throw wrong(text, 'with all rights nothing is recorded');
  const inner = parseWatch(memory);
  if (inner.kind === 'register' || inner.view !== undefined) throw wrong(text, 'a view is of memory');
  const view = { index: Number(index), accesses: accesses.reduce((bits, access) => bits | SECOND_LEVEL[access], 0) };
  return { ...inner, text, filter: { ...inner.filter, ...filter }, view };
}

const RIGHT = { read: 'r', write: 'w', execute: 'x' } as const;

function parseVirtual(text: string, rest: string, filter: TaskFilter): WatchSpec {
  const [, process, range = rest] = /^(\d+):(.*)$/.exec(rest) ?? [];
  const of = process === undefined ? filter : { ...filter, process: Number(process) };
  return { text, filter: of, kind: 'virtual', ...parseRange(text, range) };
}

function parseProgram(text: string, rest: string, filter: TaskFilter): WatchSpec {
  const at = rest.lastIndexOf(':');
  if (at <= 0) throw wrong(text, 'use exe:FILE:SYMBOL, where a section like .data is a symbol too');
  const path = rest.slice(0, at);
  const { name, length } = parseName(text, rest.slice(at + 1));
  const process = path.slice(path.lastIndexOf('/') + 1).slice(0, LONGEST_NAME);
  return { text, filter: { name: process, ...filter }, kind: 'program', path, symbol: name, length };
}

function parseName(text: string, name: string): { name: string; length: bigint | undefined } {
  const [, symbol, length] = /^([\w.$]+)(?:\+(\w+))?$/.exec(name) ?? [];
  if (symbol === undefined || /^\d/.test(symbol)) throw wrong(text, FORMS);
  return { name: symbol, length: length === undefined ? undefined : parseLength(text, length) };
}

function parseRange(text: string, range: string): { address: bigint; length: bigint } {
  const [address = '', length, ...more] = range.split('+');
  if (more.length > 0) throw wrong(text, FORMS);
  const first = parseNumber(text, address);
  const bytes = length === undefined ? WORD : parseLength(text, length);
  if (first + bytes > 2n ** 64n) throw wrong(text, 'the range ends beyond the address space');
  return { address: first, length: bytes };
}

function parseLength(text: string, length: string): bigint {
  const bytes = parseNumber(text, length);
  if (bytes === 0n) throw wrong(text, 'a range of no bytes can not be written');
  return bytes;
}

function parseNumber(text: string, number: string): bigint {
  if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(number))
    throw wrong(text, `${number || 'nothing'} is no number; ${FORMS}`);
  const value = BigInt(number);
  if (value >= 2n ** 64n) throw wrong(text, `${number} has more than 64 bits`);
  return value;
}
