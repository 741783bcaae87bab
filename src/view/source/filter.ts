import { callKeysOf } from '../../analyze/model/call-keys.ts';
import type { EventPlace } from '../../analyze/model/chunk-store.ts';
import { type EventKindName, KINDS, kindName } from '../../analyze/model/event-kind.ts';
import { both, EVERY_EVENT, type EventTest } from '../../analyze/model/event-test.ts';
import { UserError } from '../../emu/errors.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { type CallFilter, parseFilter, wantsCall, wantsOutcome, wantsTrap } from '../../replay/call-filter.ts';
import { printable } from '../../replay/printable.ts';
import { trapOf } from '../../replay/traps/trap.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import { isAbout, touchesPage, usesDescriptor } from './subjects.ts';
import type { TraceSource } from './trace-source.ts';

/** What a filter line says: conditions on events, and one that only a query can answer. */
export interface ParsedFilter {
  readonly test: EventTest;
  /** A condition in SQL; undefined: none. */
  readonly sql: string | undefined;
}

/** Words of `replay -e`: they are read by its own parser. */
const EXPRESSIONS = new Set(['trace', 't', 'status', 'signal', 's', 'trap']);
/** What a filter line takes, and what it leaves. */
// biome-ignore format: a table
export const FILTER_WORDS: readonly (readonly [word: string, what: string])[] = [
  ['openat,read',       'calls by name; %file %network %process: what they are for'],
  ['status=failed',     'by how they ended; also successful, unfinished'],
  ['trap=page-write',   'traps by policy; signal=SIGCHLD: deliveries'],
  ['pid=81',            'of a process or a thread'],
  ['comm=sh',           'of all that were called so; comm="two words"'],
  ['path=/etc',         'calls about such files, by a path or a descriptor'],
  ['fd=3',              'calls with this descriptor'],
  ['addr=0x403000',     'calls and writes that touch the page of this address'],
  ['kind=page-write',   'call return task interrupt port-io control pages ...'],
  ['events=#120-#340',  'from one event to another'],
  ['sql: ret < 0',      'in SQL, behind all others; sql: page_writes where size > 8'],
];
const WORDS =
  'names of calls, %file, trace=, status=, signal=, trap=, pid=, comm=, fd=, path=, addr=, kind=, events=#1-#9 or sql:';

type Condition = (value: string, source: TraceSource) => EventTest;

const entriesOnly = (passes: (place: EventPlace) => boolean): EventTest => ({
  mayHold: ({ kinds }) => kinds.has(EVENT_KIND.callEntry),
  passes: (place) => place.chunk.kind(place.row) === EVENT_KIND.callEntry && passes(place),
});

const CONDITIONS: Readonly<Record<string, Condition>> = {
  pid: (value, source) => ofProcess(wholeNumber('pid', value), source),
  comm: (value, source) => named(value, source),
  fd: (value, source) => {
    const fd = wholeNumber('fd', value);
    return entriesOnly((place) => usesDescriptor(source.calls.entered(place, 1).call, fd));
  },
  path: (value, source) => entriesOnly((place) => isAbout(place, source, value, false)),
  addr: (value, source) => touching(parseAddress(value), source),
  kind: (value) => ofKind(value),
  events: (value) => between(value),
};

/** `openat,read status=failed pid=81`. Throws UserError in one line. */
export function parseFilterLine(text: string, source: TraceSource): ParsedFilter {
  const query = /(?:^|\s)(?:sql:|where\s)\s*(.*)$/is.exec(text);
  return { test: parseWords(text.slice(0, query?.index), source), sql: query?.[1] };
}

function parseWords(text: string, source: TraceSource): EventTest {
  const expressions: string[] = [];
  const names: string[] = [];
  let test = EVERY_EVENT;
  // What stands in quotes may have spaces in it.
  const words = [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)]
    .map(([word]) => word.replaceAll('"', ''))
    .filter((word) => word !== '-e');
  for (let i = 0; i < words.length; i++) {
    const word = words[i] === '-p' ? `pid=${words[++i] ?? ''}` : words[i]!;
    const at = word.indexOf('=');
    const key = at < 0 ? '' : word.slice(0, at);
    if (EXPRESSIONS.has(key)) expressions.push(word);
    else if (key in CONDITIONS) test = both(test, condition(key, word.slice(at + 1), source));
    else if (at < 0) names.push(word);
    else throw new UserError(`${word}: a filter has ${WORDS}`);
  }
  if (names.length > 0) expressions.push(`trace=${names.join(',')}`);
  return expressions.length === 0 ? test : both(test, replayed(expressions, source));
}

function condition(key: string, value: string, source: TraceSource): EventTest {
  if (value === '') throw new UserError(`${key}= wants something behind it, without a space`);
  return CONDITIONS[key]!(value, source);
}

/** What `replay -e` shows. Once calls are chosen, traps are shown only where they are chosen too. */
function replayed(expressions: readonly string[], source: TraceSource): EventTest {
  const filter = parsed(expressions);
  const has = (...keys: string[]): boolean => expressions.some((each) => keys.includes(each.split('=')[0]!));
  const chosen = { calls: has('trace', 't', 'status'), traps: has('trap'), signals: has('signal', 's') };
  const keys = filter.names && callKeysOf(filter.names);
  return {
    mayHold: ({ calls }) => chosen.traps || chosen.signals || keys === undefined || calls.some((key) => keys.has(key)),
    passes: (place) => {
      switch (place.chunk.kind(place.row)) {
        case EVENT_KIND.callEntry:
          return (chosen.calls || !chosen.traps) && passesCall(place, filter, keys, source);
        case EVENT_KIND.callReturn:
          return filter.signals && !chosen.calls && !chosen.traps;
        case EVENT_KIND.task:
          return !chosen.calls && !chosen.traps;
        default:
          return (chosen.traps || !chosen.calls) && passesTrap(place, filter, source);
      }
    },
  };
}

function parsed(expressions: readonly string[]): CallFilter {
  try {
    return parseFilter(expressions);
  } catch (error) {
    if (!(error instanceof UserError) || !error.message.startsWith('no system call')) throw error;
    throw new UserError(`${error.message}: / searches for text, ? tells what a filter takes`);
  }
}

function passesCall(
  place: EventPlace,
  filter: CallFilter,
  keys: ReadonlySet<number> | undefined,
  { calls }: TraceSource,
): boolean {
  const key = place.chunk.call(place.row);
  if (keys !== undefined && (key === undefined || !keys.has(key))) return false;
  const { call } = calls.entered(place, filter.status === 'any' ? 0 : 1);
  return wantsCall(filter, call) && wantsOutcome(filter, call);
}

function passesTrap({ chunk, row }: EventPlace, filter: CallFilter, { names }: TraceSource): boolean {
  const trap = trapOf(chunk, row, names);
  return trap !== undefined && wantsTrap(filter, trap.policy);
}

export function ofProcess(pid: number, source: TraceSource): EventTest {
  const tasks = source.model.history.tasksOf(pid);
  return {
    mayHold: (summary) => summary.tasks.some((task) => tasks.has(task)),
    passes: ({ chunk, row }) => {
      const task = chunk.task(row);
      if (!tasks.has(task)) return false;
      const identity = source.identity(task, chunk.firstEvent + row);
      return identity?.tgid === pid || identity?.pid === pid;
    },
  };
}

function named(comm: string, source: TraceSource): EventTest {
  const isNamed = (identity: TaskIdentity | undefined): boolean =>
    identity !== undefined && [identity.comm, printable(identity.comm)].includes(comm);
  const tasks = source.model.history.tasksNamed(isNamed);
  return {
    mayHold: (summary) => summary.tasks.some((task) => tasks.has(task)),
    passes: ({ chunk, row }) => {
      const task = chunk.task(row);
      return tasks.has(task) && isNamed(source.identity(task, chunk.firstEvent + row));
    },
  };
}

export function touching(address: bigint, source: TraceSource): EventTest {
  return { passes: (place) => touchesPage(place, address, source) };
}

function ofKind(value: string): EventTest {
  const wanted = new Set(value.split(','));
  for (const name of wanted) {
    if (!KINDS.includes(name as EventKindName)) throw new UserError(`no kind ${name}; there are ${KINDS.join(' ')}`);
  }
  return { passes: ({ chunk, row }) => wanted.has(kindName(chunk, row)) };
}

/** Events from one number to another, both included. */
function between(value: string): EventTest {
  const match = /^#?(\d{1,15})-#?(\d{1,15})$/.exec(value);
  if (match === null) throw new UserError(`events=${value}: use events=#120-#340`);
  const [from, to] = [Number(match[1]), Number(match[2])];
  return {
    mayHold: ({ firstEvent, count }) => firstEvent <= to && firstEvent + count > from,
    passes: ({ chunk, row }) => chunk.firstEvent + row >= from && chunk.firstEvent + row <= to,
  };
}

function wholeNumber(key: string, value: string): number {
  if (!/^\d{1,10}$/.test(value)) throw new UserError(`${key}=${value}: a whole number is wanted`);
  return Number(value);
}

/** Throws UserError. */
export function parseAddress(text: string): bigint {
  if (!/^(?:0x)?[0-9a-f]{1,16}$/i.test(text)) throw new UserError(`${text} is no address: use 0x and up to 16 digits`);
  return BigInt(text.startsWith('0x') || text.startsWith('0X') ? text : `0x${text}`);
}
