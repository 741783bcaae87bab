/** Accesses to watched memory, changes of watched registers, and pages that tasks dirtied. */
import { SECOND_LEVEL } from '../../emu/layout.ts';
import { WRITE_SOURCE } from '../../emu/monitor-layout.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { registerPartName } from '../../trace/register-part.ts';
import { KernelSymbols } from '../addresses/kernel-symbols.ts';
import { type CallCapture, capturesOf } from '../call-captures.ts';
import { dirtiedPage } from '../page-contents.ts';
import type { Description } from './description.ts';
import type { Exit } from './exit.ts';
import type { TrapNames } from './names.ts';
import { hex, hexBytes, inParentheses, littleEndian, plural } from './values.ts';

type WriteSource = keyof typeof WRITE_SOURCE;

/** How writes that are no instruction's own are told. */
const BY: Readonly<Record<WriteSource, string>> = {
  instruction: '',
  delivery: ' by an interrupt or exception',
  pageWalk: ' by the page walk',
  device: ' by a device',
};
const SOURCES = new Map<number, WriteSource>(
  (Object.keys(WRITE_SOURCE) as WriteSource[]).map((name) => [WRITE_SOURCE[name], name]),
);

const watchName = (exit: Exit, { watches }: TrapNames): string => {
  const number = exit.word('vector');
  return watches[number] ?? `watch ${number}`;
};

/** Values wider than this are shown as bytes. */
const WIDEST_VALUE = 8;
const SHOWN_BYTES = 32;

function shownValue(bytes: Uint8Array, symbols: KernelSymbols = KernelSymbols.NONE): string {
  if (bytes.length === 0) return '?';
  if (bytes.length <= WIDEST_VALUE) {
    const value = littleEndian(bytes);
    return hex(value) + inParentheses(symbols.text(value));
  }
  return `<${hexBytes(bytes.subarray(0, SHOWN_BYTES))}${bytes.length > SHOWN_BYTES ? '...' : ''}>`;
}

/** Watches of this form are operands of the policy that gives views their meaning. */
const OF_VIEW = /^view:/;
const ACCESSES = new Map<number, string>([
  [SECOND_LEVEL.read, 'read'],
  [SECOND_LEVEL.write, 'write'],
  [SECOND_LEVEL.execute, 'execute'],
]);

/** Writes to watched memory; of views also reads, and control that comes into a page. */
export function watchedAccess(exit: Exit, names: TrapNames): Description {
  const watch = watchName(exit, names);
  const how = exit.low('qualification');
  const access = ACCESSES.get(how & 255) ?? `access ${how & 255}`;
  const size = how >>> 8;
  const source = SOURCES.get(exit.word('errorCode') & 0xffff) ?? 'instruction';
  const view = exit.word('errorCode') >>> 16;
  const linear = hex(exit.long('linear'));
  const physical = hex(exit.long('physical'));
  const before = exit.change('before');
  const after = exit.change('after');
  // Devices know no addresses but physical ones, and the page walk writes to its own tables.
  const linearSymbol = names.symbols.text(exit.long('linear'));
  const watched = exit.otherAddress === undefined ? null : hex(exit.otherAddress);
  const by =
    source === 'device' || source === 'pageWalk' ? `physical ${physical}` : linear + inParentheses(linearSymbol);
  const where = watched === null ? by : `${watched} by way of ${by}`;
  const what = OF_VIEW.test(watch) ? `${access} in view ${view}, ${where}` : where;
  const shown = (bytes: Uint8Array): string => shownValue(bytes, names.symbols);
  const values = access === 'write' ? `, ${shown(before)} -> ${shown(after)}` : `, ${shown(before)}`;
  return {
    policy: OF_VIEW.test(watch) ? 'vmfunc' : 'page-write',
    subject: watch,
    text: `${watch}: ${what}${size === 0 ? '' : `, ${plural(size, 'byte')}${values}`}${BY[source]}`,
    fields: {
      ...{ watch, access, view, source, linear, linearSymbol: linearSymbol ?? null, watched, physical, size },
      ...{ before: hexBytes(before), after: hexBytes(after) },
    },
    instruction: source === 'device' ? undefined : exit.chunk.rip(exit.row),
  };
}

/** Its number, of a part also its lowest byte and how many it has. */
function watchedRegister(what: number): string {
  const part = { register: what & 255, offset: (what >>> 8) & 255, size: what >>> 16 || WIDEST_VALUE };
  return registerPartName(part) ?? `register ${part.register}`;
}

export function registerChange(exit: Exit, names: TrapNames): Description {
  const watch = watchName(exit, names);
  const register = watchedRegister(exit.low('qualification'));
  const [before, after] = (['before', 'after'] as const).map((when) => shownValue(exit.change(when)));
  const [from, to] = (['before', 'after'] as const).map((when) => shownValue(exit.change(when), names.symbols));
  const instruction = exit.long('linear');
  return {
    policy: 'register',
    subject: watch,
    text: `${watch}: ${register}, ${from} -> ${to}${instruction === 0n ? ' while not watched' : ''}`,
    fields: { watch, register, before: before!, after: after! },
    instruction: instruction === 0n ? undefined : instruction,
  };
}

/** A page that was dirtied. */
interface PageFields {
  /** Its address at its first write; null where a device or the page walk made that. */
  readonly linear: string | null;
  readonly physical: string;
  readonly by: 'task' | 'device' | 'page-walk' | 'interval';
  /** It holds something else than what was recorded of it last, or was not recorded lately; null: a later event of it tells. */
  readonly changed: boolean | null;
}

const SHOWN_PAGES = 4;

export function dirtiedPages(chunk: EventChunk, row: number): Description & { readonly policy: 'pages' } {
  const pages = capturesOf(chunk, row).flatMap(pageFields);
  const fresh = pages.filter(({ changed }) => changed === true).length;
  const later = pages.filter(({ changed }) => changed === null).length;
  const what = pages.some(({ by }) => by === 'interval') ? 'recorded at the end of an interval' : 'dirtied';
  const shown = pages.slice(0, SHOWN_PAGES).map(({ linear, physical }) => linear ?? `physical ${physical}`);
  if (pages.length > SHOWN_PAGES) shown.push('...');
  return {
    policy: 'pages',
    subject: 'records of dirtied pages',
    text: `${plural(pages.length, 'page')} ${what}, ${fresh} with new content${later === 0 ? '' : `, ${later} recorded later`}: ${shown.join(', ')}`,
    fields: { pages: pages.map((page) => ({ ...page })) },
    instruction: undefined,
  };
}

function pageFields(capture: CallCapture): PageFields[] {
  const page = dirtiedPage(capture);
  if (page === undefined) return [];
  return [
    {
      linear: capture.address === 0n ? null : hex(capture.address),
      physical: hex(page.physical),
      by: page.by === 'pageWalk' ? 'page-walk' : page.by,
      changed: page.changed ?? null,
    },
  ];
}
