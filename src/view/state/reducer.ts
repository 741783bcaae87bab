/** Keys to states and effects: no terminal and no trace, so that a test plays a session in a few lines. */
import { actionOf, type ScreenName } from '../keys.ts';
import { ACTIONS } from './actions.ts';
import type { Facts, Outcome } from './outcome.ts';
import { isSearch, typed } from './prompt.ts';
import type { ListName, Message, Typed, ViewState } from './state.ts';

export type Input =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  /** Work on the trace came to an event. `line`: where it is to stand; `jump`: it is a place to come back from. */
  | { readonly type: 'landed'; readonly event: number; readonly line?: number; readonly jump: boolean }
  | { readonly type: 'message'; readonly message: Message | undefined }
  /** What was typed makes no sense: it may be mended. */
  | { readonly type: 'refused'; readonly typed: Typed; readonly why: string }
  /** A filter was understood and is in force. */
  | { readonly type: 'filtered'; readonly filter: string }
  | { readonly type: 'show'; readonly screen: ScreenName }
  | { readonly type: 'scroll'; readonly list: ListName; readonly cursor: number };

export function reduce(state: ViewState, input: Input, facts: Facts): Outcome {
  switch (input.type) {
    case 'key':
      return pressed({ ...state, message: kept(state, input.key) }, input.key, facts);
    case 'resize': {
      const { columns, rows } = input;
      return { state: { ...state, columns, rows, line: Math.min(state.line, Math.max(0, rows - 5)) }, effects: [] };
    }
    case 'landed':
      return { state: landed(state, input.event, input.line, input.jump), effects: [] };
    case 'message':
      return { state: { ...state, message: input.message }, effects: [] };
    case 'refused':
      return { state: refused(state, input.typed, input.why), effects: [] };
    case 'filtered':
      return { state: { ...state, filter: input.filter, message: undefined }, effects: [] };
    case 'show':
      return { state: shown(state, input.screen), effects: [] };
    case 'scroll':
      return { state: scrolled(state, input.list, input.cursor), effects: [] };
  }
}

/** What a key says is over with the next one, but for Enter behind a search: what it found is still so. */
function kept({ prompt, message }: ViewState, key: string): Message | undefined {
  return key === 'enter' && prompt !== undefined && isSearch(prompt) ? message : undefined;
}

/** Its line stands there again, unless something else is being done by now. */
function refused(state: ViewState, { kind, text }: Typed, why: string): ViewState {
  const message = { text: why, bad: true };
  if (state.prompt !== undefined || state.awaiting !== undefined) return { ...state, message };
  return { ...state, message, prompt: { kind, text, origin: state.event } };
}

const PLACES_KEPT = 100;

function landed(state: ViewState, event: number, line: number | undefined, jump: boolean): ViewState {
  const back = jump && event !== state.event ? [...state.back, state.event].slice(-PLACES_KEPT) : state.back;
  const forward = jump && event !== state.event ? [] : state.forward;
  const lists = { ...state.lists, details: { cursor: 0, top: 0 } };
  return { ...state, event, line: line ?? state.line, back, forward, lists };
}

function shown(state: ViewState, screen: ScreenName): ViewState {
  if (screen === state.screen) return state;
  return { ...state, screen, under: [...state.under.filter((each) => each !== screen), state.screen] };
}

function scrolled(state: ViewState, list: ListName, cursor: number): ViewState {
  return { ...state, lists: { ...state.lists, [list]: { cursor, top: Math.max(0, cursor - 3) } } };
}

function pressed(state: ViewState, key: string, facts: Facts): Outcome {
  if (key === 'ctrl+c') return { state, effects: [{ do: 'quit' }] };
  if (state.prompt !== undefined) return typed(state, state.prompt, key);
  if (state.awaiting !== undefined) return lettered({ ...state, awaiting: undefined }, state.awaiting, key);
  const action = actionOf(key, state.screen);
  if (action === undefined) return { state, effects: [] };
  return ACTIONS[action](state, facts);
}

/** The letter behind `m` or `'`. */
function lettered(state: ViewState, awaiting: 'mark' | 'goToMark', key: string): Outcome {
  if (!/^[a-zA-Z]$/.test(key)) return { state, effects: [] };
  if (awaiting === 'mark') {
    const marks = { ...state.marks, [key]: state.event };
    const message = { text: `event #${state.event} is mark ${key}`, bad: false };
    return { state: { ...state, marks, message }, effects: [{ do: 'saveMarks' }] };
  }
  const event = state.marks[key];
  if (event === undefined) {
    return { state: { ...state, message: { text: `there is no mark ${key}`, bad: true } }, effects: [] };
  }
  return { state: shown(state, 'events'), effects: [{ do: 'goTo', event }] };
}
