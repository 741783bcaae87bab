/** Every key: what it does and where. Dispatch and the help screen read this one table. */

export type ScreenName = 'overview' | 'processes' | 'events' | 'details' | 'pages' | 'statistics' | 'marks' | 'help';

export type ActionName =
  | 'down'
  | 'up'
  | 'pageDown'
  | 'pageUp'
  | 'halfDown'
  | 'halfUp'
  | 'first'
  | 'last'
  | 'left'
  | 'right'
  | 'open'
  | 'close'
  | 'overview'
  | 'processes'
  | 'events'
  | 'pages'
  | 'statistics'
  | 'marks'
  | 'help'
  | 'nextScreen'
  | 'search'
  | 'searchBackward'
  | 'again'
  | 'againBackward'
  | 'filter'
  | 'clearFilter'
  | 'jump'
  | 'nextFailure'
  | 'previousFailure'
  | 'nextOfProcess'
  | 'previousOfProcess'
  | 'nextOfCall'
  | 'previousOfCall'
  | 'nextOfFile'
  | 'previousOfFile'
  | 'nextOfKind'
  | 'previousOfKind'
  | 'followDescriptor'
  | 'followAddress'
  | 'otherPage'
  | 'pageSpace'
  | 'mark'
  | 'goToMark'
  | 'back'
  | 'forward'
  | 'scope'
  | 'returns'
  | 'redraw'
  | 'reload'
  | 'quit';

export interface KeyRow {
  readonly keys: readonly string[];
  readonly action: ActionName;
  /** Where it works; undefined: everywhere. */
  readonly screens?: readonly ScreenName[];
  readonly help: string;
}

export interface KeyGroup {
  readonly title: string;
  readonly rows: readonly KeyRow[];
}

const EVENTS = ['events', 'details'] as const;

// biome-ignore format: a table
export const KEY_GROUPS: readonly KeyGroup[] = [
  { title: 'Screens', rows: [
    { keys: ['1'],                      action: 'overview',          help: 'overview: what ran, when, how busy' },
    { keys: ['2'],                      action: 'processes',         help: 'process tree' },
    { keys: ['3'],                      action: 'events',            help: 'events' },
    { keys: ['4'],                      action: 'pages',             help: 'history of a page: who wrote, what it held' },
    { keys: ['5'],                      action: 'statistics',        help: 'statistics: calls, errors, times' },
    { keys: ['6'],                      action: 'marks',             help: 'your marks' },
    { keys: ['tab'],                    action: 'nextScreen',        help: 'next screen' },
    { keys: ['enter'],                  action: 'open',              help: 'look into what is under the cursor' },
    { keys: ['escape', 'backspace'],    action: 'close',             help: 'leave it; stop a search' },
    { keys: ['?'],                      action: 'help',              help: 'these keys' },
    { keys: ['q'],                      action: 'quit',              help: 'leave a screen; on the first ones: quit' },
    { keys: ['ctrl+l'],                 action: 'redraw',            help: 'draw the screen anew' },
    { keys: ['R'],                      action: 'reload',            help: 'read what was recorded since the trace was opened' },
  ] },
  { title: 'Move', rows: [
    { keys: ['j', 'down'],              action: 'down',              help: 'down' },
    { keys: ['k', 'up'],                action: 'up',                help: 'up' },
    { keys: ['ctrl+d'],                 action: 'halfDown',          help: 'half a screen down' },
    { keys: ['ctrl+u'],                 action: 'halfUp',            help: 'half a screen up' },
    { keys: ['ctrl+f', 'pageDown', ' '], action: 'pageDown',         help: 'a screen down' },
    { keys: ['ctrl+b', 'pageUp'],       action: 'pageUp',            help: 'a screen up' },
    { keys: ['g', 'home'],              action: 'first',             help: 'to the first' },
    { keys: ['G', 'end'],               action: 'last',              help: 'to the last' },
    { keys: ['h', 'left'],              action: 'left',              screens: ['events', 'details', 'pages'], help: 'scroll left; details, pages: the one before' },
    { keys: ['l', 'right'],             action: 'right',             screens: ['events', 'details', 'pages'], help: 'scroll right; details, pages: the next one' },
    { keys: [':'],                      action: 'jump',              help: 'jump to #event, a time (1.25s) or an instruction count' },
    { keys: ['ctrl+o', '['],            action: 'back',              help: 'back to where you jumped from' },
    { keys: [']'],                      action: 'forward',           help: 'forward again' },
    { keys: ['m'],                      action: 'mark',              screens: EVENTS, help: 'mark the event with a letter' },
    { keys: ["'"],                      action: 'goToMark',          help: 'go to the mark of a letter' },
  ] },
  { title: 'Find', rows: [
    { keys: ['/'],                      action: 'search',            help: 'search forward as you type' },
    { keys: ['\\'],                     action: 'searchBackward',    help: 'search backward as you type' },
    { keys: ['n'],                      action: 'again',             help: 'next that was searched for' },
    { keys: ['N'],                      action: 'againBackward',     help: 'the one before' },
    { keys: ['e'],                      action: 'nextFailure',       screens: EVENTS, help: 'next call that failed (E: before)' },
    { keys: ['E'],                      action: 'previousFailure',   screens: EVENTS, help: '' },
    { keys: ['p'],                      action: 'nextOfProcess',     screens: EVENTS, help: 'next event of this process (P: before)' },
    { keys: ['P'],                      action: 'previousOfProcess', screens: EVENTS, help: '' },
    { keys: ['c'],                      action: 'nextOfCall',        screens: EVENTS, help: 'next of this call (C: before)' },
    { keys: ['C'],                      action: 'previousOfCall',    screens: EVENTS, help: '' },
    { keys: ['f'],                      action: 'nextOfFile',        screens: EVENTS, help: 'next call about this file (F: before)' },
    { keys: ['F'],                      action: 'previousOfFile',    screens: EVENTS, help: '' },
    { keys: ['t'],                      action: 'nextOfKind',        screens: EVENTS, help: 'next of this kind of event (T: before)' },
    { keys: ['T'],                      action: 'previousOfKind',    screens: EVENTS, help: '' },
  ] },
  { title: 'Show less', rows: [
    { keys: ['|'],                      action: 'filter',            help: 'show only what passes a filter: see below' },
    { keys: ['x'],                      action: 'clearFilter',       help: 'no filter any more' },
    { keys: ['d'],                      action: 'followDescriptor',  screens: EVENTS, help: 'follow the descriptor of this call' },
    { keys: ['a'],                      action: 'followAddress',     screens: EVENTS, help: 'follow an address: calls and writes that touch its page' },
    { keys: ['a'],                      action: 'followAddress',     screens: ['pages'], help: 'pages: the page of an address, 0x...  virt:PID:0x...  phys:0x...' },
    { keys: ['o'],                      action: 'otherPage',         screens: ['pages'], help: 'pages: the next page that this event wrote' },
    { keys: ['v'],                      action: 'pageSpace',         screens: ['pages'], help: 'pages: as its process sees it, or the physical page' },
    { keys: ['A'],                      action: 'scope',             help: 'the whole guest, or only the recorded command' },
    { keys: ['r'],                      action: 'returns',           help: 'returns on lines of their own, or not' },
  ] },
];

const ALL_ROWS: readonly KeyRow[] = KEY_GROUPS.flatMap(({ rows }) => rows);

/** What a key does on a screen. */
export function actionOf(key: string, screen: ScreenName): ActionName | undefined {
  return ALL_ROWS.find(({ keys, screens }) => keys.includes(key) && screens?.includes(screen) !== false)?.action;
}

// biome-ignore format: a table
const SHOWN: Readonly<Record<string, string>> = { down: '↓', up: '↑', left: '←', right: '→', escape: 'Esc', enter: 'Enter', tab: 'Tab', backspace: 'BkSp', pageDown: 'PgDn', pageUp: 'PgUp', home: 'Home', end: 'End', ' ': 'Space' };

/** A key as the help shows it. */
export function shownKey(key: string): string {
  if (key.startsWith('ctrl+')) return `^${key.slice(5).toUpperCase()}`;
  return SHOWN[key] ?? key;
}
