/** Everything that an event tells, as lines. */
import type { EventPlace } from '../../analyze/model/chunk-store.ts';
import { kindName } from '../../analyze/model/event-kind.ts';
import { ABI, CAPTURE_KIND, CAPTURE_STATUS, MECHANISM } from '../../emu/monitor-layout.ts';
import { type CallCapture, capturesOf } from '../../replay/call-captures.ts';
import type { Call } from '../../replay/calls.ts';
import { pageContent } from '../../replay/page-contents.ts';
import { printable } from '../../replay/printable.ts';
import type { FormatOptions } from '../../replay/strace/format.ts';
import { formatOf } from '../../replay/strace/line.ts';
import { TextBuffer } from '../../replay/text-buffer.ts';
import type { FieldValue } from '../../replay/traps/description.ts';
import { Exit } from '../../replay/traps/exit.ts';
import { trapOf } from '../../replay/traps/trap.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import { type StyledLine, segment } from '../tone.ts';
import type { Disassembler } from './disassembly.ts';
import { hexDump, textLines } from './hex-dump.ts';
import { grouped, seconds } from './numbers.ts';
import { registerLines } from './register-lines.ts';
import type { TraceSource } from './trace-source.ts';

/** Everything of a call's arguments. */
function inFull(source: TraceSource, { chunk, row: at }: Call): FormatOptions {
  const event = chunk.firstEvent + at;
  const who = source.identity(chunk.task(at), event);
  return {
    stringLimit: Number.MAX_SAFE_INTEGER,
    verbose: true,
    descriptor: (out, fd) => {
      out.decimal(fd);
      const what = who === undefined ? undefined : source.descriptors.name(who, fd, event);
      if (what !== undefined) out.text(`<${printable(what)}>`);
    },
  };
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const heading = (text: string): StyledLine[] => [[], [segment(text, 'heading')]];
const row = (label: string, text: string, width: number): StyledLine => [
  segment(`  ${label.padEnd(width)}  `, 'dim'),
  segment(text),
];

const MECHANISM_NAMES = new Map<number, string>(Object.entries(MECHANISM).map(([name, number]) => [number, name]));
/** Bytes by which a trap is known: it was taken only because they stood there. */
const MECHANISM_BYTES: ReadonlyMap<number, readonly number[]> = new Map([
  [MECHANISM.syscall, [0x0f, 0x05]],
  [MECHANISM.syscall32, [0x0f, 0x05]],
  [MECHANISM.sysenter, [0x0f, 0x34]],
  [MECHANISM.int80, [0xcd, 0x80]],
  [MECHANISM.int2e, [0xcd, 0x2e]],
]);

/** Lines about one event. `call`: the call that it belongs to, put together as far as it is known. */
export function detailLines(
  source: TraceSource,
  disassembler: Disassembler,
  place: EventPlace,
  call: Call | undefined,
): StyledLine[] {
  return [
    ...headLines(source, disassembler, place),
    ...(call === undefined ? trapLines(source, place) : callLines(source, call, numberOf(place))),
    ...memoryLines(source, place, call),
    ...registerLines(source, place),
  ];
}

/** An address and what it is part of. */
function named(source: TraceSource, address: bigint, place: EventPlace): string {
  const name = source.nameOf(address, place);
  return name === undefined ? hex(address) : `${hex(address)} (${name})`;
}

function headLines(source: TraceSource, disassembler: Disassembler, place: EventPlace): StyledLine[] {
  const { chunk, row: at } = place;
  const event = chunk.firstEvent + at;
  const task = chunk.task(at);
  const identity = source.identity(task, event);
  const mechanism = chunk.mechanism(at);
  const rip = chunk.rip(at);
  const who =
    identity === undefined
      ? 'not known'
      : `${identity.tgid} ${printable(identity.comm)}, thread ${identity.pid}, child of ${identity.parent}`;
  const how = mechanism === MECHANISM.none ? '' : `, ${MECHANISM_NAMES.get(mechanism) ?? `mechanism ${mechanism}`}`;
  const lines: StyledLine[] = [
    row('event', `#${event}, ${kindName(chunk, at)}${how}`, HEAD),
    row('process', who, HEAD),
    row('when', `${seconds(chunk.time(at), 9)} s, after ${grouped(chunk.icount(at))} instructions`, HEAD),
    row('where', `${named(source, rip, place)}, CPL ${chunk.cpl(at)}, vCPU ${chunk.vcpu(at)}, task ${hex(task)}`, HEAD),
  ];
  const bytes = Exit.of(chunk, at)?.instruction ?? Uint8Array.from(MECHANISM_BYTES.get(mechanism) ?? []);
  if (bytes.length > 0 && chunk.kind(at) !== EVENT_KIND.callReturn) {
    const text = disassembler.first(bytes, rip, chunk.abi(at) === ABI.linux32 ? 32 : 64);
    const raw = Buffer.from(bytes)
      .toString('hex')
      .replace(/(..)(?=.)/g, '$1 ');
    lines.push(row('instruction', text === undefined ? raw : `${raw}  ${text}`, HEAD));
  }
  return lines;
}

const numberOf = ({ chunk, row: at }: EventPlace): number => chunk.firstEvent + at;

const HEAD = 11;

/** `event`: number of the event that is looked at. */
function callLines(source: TraceSource, call: Call, event: number): StyledLine[] {
  const format = formatOf(call);
  const full = inFull(source, call);
  const out = new TextBuffer();
  const names = call.syscall?.arguments.length === format.arguments.length ? source.argumentNames(call) : [];
  const shown = format.arguments.map((write, i) => {
    out.truncate(0);
    write(out, call, i, full);
    return {
      name: names[i] ?? `argument ${i + 1}`,
      text: printable(out.toString()),
      raw: hex64(call.low(i), call.high(i)),
    };
  });
  const used = shown.filter(({ text }) => text !== '');
  const width = Math.max(HEAD, ...used.map(({ name }) => name.length));
  const lines = [...heading(`${format.name}, system call ${call.number}`)];
  for (const { name, text, raw } of used) {
    lines.push(
      row(
        name,
        text === raw || text.length < 2 || SAYS_ITS_NUMBER.test(text) ? text : `${shortened(text)}  ${raw}`,
        width,
      ),
    );
  }
  const [, ...result] = source.lines.result(call, true);
  lines.push([
    segment(`  ${'result'.padEnd(width)}  `, 'dim'),
    ...(result.length > 0 ? result : source.lines.result(call, true)),
  ]);
  const entry = call.chunk.firstEvent + call.row;
  if (entry !== event) lines.push(row('entered', `event #${entry}`, width));
  if (call.exitChunk !== undefined) {
    const exit = call.exitChunk.firstEvent + call.exitRow;
    lines.push(row('returned', `event #${exit}, after ${seconds(call.exitTime - call.entryTime, 9)} s`, width));
  }
  return lines;
}

/** An address, or a descriptor with what it means. */
const SAYS_ITS_NUMBER = /^(?:0x|-?\d+<)/;
const SHOWN = 512;
const shortened = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);

const hex64 = (low: number, high: number): string => hex((BigInt(high) << 32n) | BigInt(low));

function trapLines(source: TraceSource, { chunk, row: at }: EventPlace): StyledLine[] {
  const trap = trapOf(chunk, at, source.names);
  if (trap === undefined) return [];
  const fields = Object.entries(trap.fields);
  const width = Math.max(HEAD, ...fields.map(([name]) => name.length));
  return [...heading(trap.policy), ...fields.flatMap(([name, value]) => fieldLines(name, value, width))];
}

function fieldLines(name: string, value: FieldValue, width: number): StyledLine[] {
  // What has no name needs no line that says so.
  if (value === null && name.endsWith('Symbol')) return [];
  if (!Array.isArray(value)) return [row(name, value === null ? 'not known' : printable(String(value)), width)];
  const rows = value.map((each: Readonly<Record<string, FieldValue>>) =>
    Object.entries(each)
      .map(([key, part]) => `${key} ${part === null ? '-' : String(part)}`)
      .join(', '),
  );
  return rows.map((text, i) => row(i === 0 ? name : '', printable(text), width));
}

/** `msgName`: msg name. */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const STATUS_NAMES = new Map<number, string>(Object.entries(CAPTURE_STATUS).map(([name, number]) => [number, name]));
/** Their names as words, but for what a user calls otherwise. */
const KIND_NAMES = new Map<number, string>([
  ...Object.entries(CAPTURE_KIND).map(([name, number]): [number, string] => [number, words(name)]),
  [CAPTURE_KIND.pointerArray, 'strings'],
  [CAPTURE_KIND.pointerArrayString, 'string'],
]);
/** They are told by other lines. */
const TOLD: ReadonlySet<number> = new Set([CAPTURE_KIND.exit]);

function memoryLines(source: TraceSource, place: EventPlace, call: Call | undefined): StyledLine[] {
  const { chunk, row: at } = place;
  const own = call === undefined ? capturesOf(chunk, at) : capturesOf(call.chunk, call.row);
  const exit = call?.exitChunk;
  const lines = own.flatMap((capture) => captureLines(source, place, capture, call, call === undefined ? '' : 'given'));
  if (exit === undefined || call === undefined) return lines;
  return [
    ...lines,
    ...capturesOf(exit, call.exitRow).flatMap((each) => captureLines(source, place, each, call, 'given back')),
  ];
}

/** Array elements by their numbers: `argv[0]`. */
function argumentName(names: readonly string[], { argument, kind }: CallCapture): string {
  const name = names[argument & 15];
  const element = argument >> 4;
  if (name === undefined) return '';
  return element === 0 || kind === CAPTURE_KIND.pointedTo ? name : `${name}[${element - 1}]`;
}

/** Of a list of strings how many they are: each of them has lines of its own. */
function sizeOf({ fullLength, kind }: CallCapture, bytes: Uint8Array): string {
  const plural = (count: number, what: string): string => `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
  if (kind === CAPTURE_KIND.pointerArray) return plural(fullLength, 'string');
  return fullLength > bytes.length
    ? `${grouped(bytes.length)} of ${plural(fullLength, 'byte')}`
    : plural(bytes.length, 'byte');
}

function captureLines(
  source: TraceSource,
  place: EventPlace,
  capture: CallCapture,
  call: Call | undefined,
  when: string,
): StyledLine[] {
  if (TOLD.has(capture.kind)) return [];
  const bytes = capture.kind === CAPTURE_KIND.page ? pageContent(place.chunk, capture) : capture.bytes;
  if (bytes === undefined) return [];
  const { status } = capture;
  const name = call === undefined ? '' : argumentName(source.argumentNames(call), capture);
  const state = status === 0 ? '' : `, ${STATUS_NAMES.get(status) ?? `status ${status}`}`;
  const what = KIND_NAMES.get(capture.kind) ?? `memory of kind ${capture.kind}`;
  const title = [name, what, when].filter((part) => part !== '').join(', ');
  const size = `${sizeOf(capture, bytes)} at ${named(source, capture.address, place)}${state}`;
  const text = textLines(bytes);
  return [
    [],
    [segment(title, 'heading'), segment(`  ${size}`, 'dim')],
    ...(text ?? []),
    ...hexDump(bytes, capture.address),
  ];
}
