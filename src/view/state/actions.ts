import type { ActionName, ScreenName } from '../keys.ts';
import type { Criterion, Effect } from './effect.ts';
import type { Facts, Outcome } from './outcome.ts';
import { opened } from './prompt.ts';
import { bodyRows, type ListName, type ViewState } from './state.ts';

type Action = (state: ViewState, facts: Facts) => Outcome;

const plain = (state: ViewState, ...effects: readonly Effect[]): Outcome => ({ state, effects });

/** In the order of the tab key. */
const SCREENS: readonly ScreenName[] = ['overview', 'processes', 'events', 'pages', 'statistics', 'marks'];

/** Screens under which there is nothing: leaving one leaves the program. */
function to(screen: ScreenName): Action {
  return (state) => {
    if (screen === state.screen) return plain(state);
    return plain({ ...state, screen, under: [...state.under.filter((each) => each !== screen), state.screen] });
  };
}

const nextScreen: Action = (state) => {
  const at = SCREENS.indexOf(state.screen);
  return plain({ ...state, screen: SCREENS[(at + 1) % SCREENS.length]!, under: [] });
};

const close: Action = (state) => {
  const screen = state.under.at(-1);
  if (screen === undefined) return plain(state, { do: 'cancel' });
  return plain({ ...state, screen, under: state.under.slice(0, -1) }, { do: 'cancel' });
};

/** Help and details are left for what is under them; every other screen is one of the first ones. */
const quit: Action = (state, facts) => {
  if ((state.screen === 'help' || state.screen === 'details') && state.under.length > 0) return close(state, facts);
  return plain(state, { do: 'quit' });
};

/** A list without a cursor scrolls as a page does. */
const SCROLLED: ReadonlySet<ListName> = new Set(['details', 'help', 'overview', 'pages']);

function moved(state: ViewState, list: ListName, by: number, facts: Facts): Outcome {
  const height = bodyRows(state);
  const length = facts.lengths[list];
  const { cursor, top } = state.lists[list];
  const clamp = (value: number, most: number): number => Math.max(0, Math.min(value, most));
  if (SCROLLED.has(list)) {
    const next = clamp(top + by, length - height);
    return plain({ ...state, lists: { ...state.lists, [list]: { cursor: next, top: next } } });
  }
  const next = clamp(cursor + by, length - 1);
  const first = clamp(Math.min(next, Math.max(top, next - height + 1)), length - 1);
  return plain({ ...state, lists: { ...state.lists, [list]: { cursor: next, top: first } } });
}

/** Moves the cursor of whatever screen it is; `keepLine`: the list moves under it. */
function vertical(by: (rows: number) => number, keepLine: boolean): Action {
  return (state, facts) => {
    const count = by(bodyRows(state));
    if (state.screen === 'events') return plain(state, { do: 'move', by: count, keepLine });
    return moved(state, state.screen, count, facts);
  };
}

function edge(which: 'first' | 'last'): Action {
  return (state, facts) => {
    if (state.screen === 'events') return plain(state, { do: 'edge', which });
    return moved(state, state.screen, which === 'first' ? -Infinity : Infinity, facts);
  };
}

const SHIFT = 16;

function sideways(by: 1 | -1): Action {
  return (state) => {
    if (state.screen === 'details') return plain(state, { do: 'move', by, keepLine: false });
    if (state.screen === 'pages') return plain(state, { do: 'page', by });
    return plain({ ...state, shift: Math.max(0, state.shift + by * SHIFT) });
  };
}

const seek =
  (what: Criterion, direction: 'forward' | 'backward'): Action =>
  (state) =>
    plain(state, { do: 'seek', what, direction });

function again(same: boolean): Action {
  return (state) => {
    const { sought } = state;
    if (sought === undefined) {
      return plain({ ...state, message: { text: 'nothing was searched for yet: / searches', bad: true } });
    }
    const forward = (sought.direction === 'forward') === same;
    const screen = state.screen === 'details' ? state.screen : 'events';
    return plain(
      { ...state, screen },
      { do: 'search', text: sought.text, direction: forward ? 'forward' : 'backward', from: state.event },
    );
  };
}

/** Searches, filters and jumps are about events. */
const onEvents = (state: ViewState): ViewState =>
  state.screen === 'events' || state.screen === 'details'
    ? state
    : { ...state, screen: 'events', under: [...state.under.filter((each) => each !== 'events'), state.screen] };

function travelled(direction: 'back' | 'forward'): Action {
  return (state) => {
    const from = state[direction];
    const event = from.at(-1);
    if (event === undefined) return plain({ ...state, message: { text: `there is no way ${direction}`, bad: true } });
    const other = direction === 'back' ? 'forward' : 'back';
    const next = { ...onEvents(state), [direction]: from.slice(0, -1), [other]: [...state[other], state.event] };
    return plain({ ...next, event }, { do: 'refilter' });
  };
}

export const ACTIONS: Readonly<Record<ActionName, Action>> = {
  down: vertical(() => 1, false),
  up: vertical(() => -1, false),
  pageDown: vertical((rows) => rows - 1, true),
  pageUp: vertical((rows) => 1 - rows, true),
  halfDown: vertical((rows) => rows >> 1, true),
  halfUp: vertical((rows) => -(rows >> 1), true),
  first: edge('first'),
  last: edge('last'),
  left: sideways(-1),
  right: sideways(1),
  open: (state) => plain(state, { do: 'open' }),
  close,
  overview: to('overview'),
  processes: to('processes'),
  events: to('events'),
  pages: (state, facts) => ({ ...to('pages')(state, facts), effects: [{ do: 'showPage' }] }),
  statistics: to('statistics'),
  marks: to('marks'),
  help: to('help'),
  nextScreen,
  search: (state) => opened(onEvents(state), 'search'),
  searchBackward: (state) => opened(onEvents(state), 'searchBackward'),
  again: again(true),
  againBackward: again(false),
  filter: (state) => opened(onEvents(state), 'filter', state.filter),
  clearFilter: (state) => plain(state, { do: 'filter', text: '' }),
  jump: (state) => opened(onEvents(state), 'jump'),
  nextFailure: seek('failure', 'forward'),
  previousFailure: seek('failure', 'backward'),
  nextOfProcess: seek('process', 'forward'),
  previousOfProcess: seek('process', 'backward'),
  nextOfCall: seek('call', 'forward'),
  previousOfCall: seek('call', 'backward'),
  nextOfFile: seek('file', 'forward'),
  previousOfFile: seek('file', 'backward'),
  nextOfKind: seek('kind', 'forward'),
  previousOfKind: seek('kind', 'backward'),
  followDescriptor: (state) => plain(onEvents(state), { do: 'followDescriptor' }),
  followAddress: (state) => opened(state, state.screen === 'pages' ? 'page' : 'address'),
  otherPage: (state) => plain(state, { do: 'otherPage' }),
  pageSpace: (state) => plain(state, { do: 'pageSpace' }),
  mark: (state) => plain({ ...state, awaiting: 'mark', message: { text: 'mark with which letter?', bad: false } }),
  goToMark: (state) => plain({ ...state, awaiting: 'goToMark', message: { text: 'to which mark?', bad: false } }),
  back: travelled('back'),
  forward: travelled('forward'),
  scope: (state) => plain({ ...onEvents(state), commandOnly: !state.commandOnly }, { do: 'refilter' }),
  returns: (state) => plain({ ...onEvents(state), returns: !state.returns }, { do: 'refilter' }),
  reload: (state) => plain(state, { do: 'reload' }),
  redraw: (state) => plain(state, { do: 'redraw' }),
  quit,
};
