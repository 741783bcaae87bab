import type { Effect } from './effect.ts';
import type { Outcome } from './outcome.ts';
import type { Prompt, PromptKind, Typed, ViewState } from './state.ts';

/** What stands before the text. */
// biome-ignore format: a table
export const PROMPT_SIGNS: Readonly<Record<PromptKind, string>> = {
  search: '/',
  searchBackward: '\\',
  filter: 'show only: ',
  jump: 'jump to: ',
  address: 'follow the address: ',
  page: 'page of the address: ',
};

/** What is said of the kind while nothing has been typed. */
// biome-ignore format: a table
export const PROMPT_HINTS: Readonly<Record<PromptKind, string>> = {
  search: 'text of a line; Enter stays there, Esc goes back',
  searchBackward: 'text of a line; Enter stays there, Esc goes back',
  filter: 'read,%file  status=failed  pid=81  fd=3  path=/etc  sql: ret < 0',
  jump: '#1234 is an event, 1.25s a time, 123456 an instruction count',
  address: '0x7f12...; Enter alone takes the one under the cursor',
  page: '0x7f12...  virt:PID:0x7f12...  phys:0x12...; Enter alone takes that of the event under the cursor',
};

export function opened(state: ViewState, kind: PromptKind, text = ''): Outcome {
  return { state: { ...state, prompt: { kind, text, origin: state.event } }, effects: [] };
}

/** A key while a line is being typed. */
export function typed(state: ViewState, prompt: Prompt, key: string): Outcome {
  switch (key) {
    case 'escape':
      return { state: { ...state, prompt: undefined }, effects: left(prompt) };
    case 'enter':
      return { state: entered(state, prompt), effects: done(prompt) };
    case 'backspace':
    case 'delete':
      if (prompt.text === '') return { state: { ...state, prompt: undefined }, effects: left(prompt) };
      return changed(state, prompt, [...prompt.text].slice(0, -1).join(''));
    case 'ctrl+u':
      return changed(state, prompt, '');
    case 'ctrl+w':
      return changed(state, prompt, prompt.text.replace(/\S*\s*$/, ''));
    default:
      return [...key].length === 1 ? changed(state, prompt, prompt.text + key) : { state, effects: [] };
  }
}

export const isSearch = ({ kind }: Prompt): boolean => kind === 'search' || kind === 'searchBackward';

/** A search that is given up goes back to where it began. */
function left(prompt: Prompt): readonly Effect[] {
  return isSearch(prompt) ? [{ do: 'cancel' }, { do: 'goTo', event: prompt.origin }] : [];
}

function changed(state: ViewState, before: Prompt, text: string): Outcome {
  const prompt = { ...before, text };
  const effects: readonly Effect[] = isSearch(prompt)
    ? [{ do: 'search', text, direction: directionOf(prompt), from: prompt.origin }]
    : [];
  return { state: { ...state, prompt }, effects };
}

const directionOf = ({ kind }: Prompt): 'forward' | 'backward' => (kind === 'search' ? 'forward' : 'backward');

function entered(state: ViewState, prompt: Prompt): ViewState {
  const typed = { ...state, prompt: undefined };
  if (!isSearch(prompt) || prompt.text === '') return typed;
  const back = prompt.origin === state.event ? state.back : [...state.back, prompt.origin];
  return { ...typed, back, sought: { text: prompt.text, direction: directionOf(prompt) } };
}

/** The line that an effect came from; undefined: none had to be typed for it. */
export function typedFor(effect: Effect): Typed | undefined {
  switch (effect.do) {
    case 'filter':
      return { kind: 'filter', text: effect.text };
    case 'jump':
      return { kind: 'jump', text: effect.text };
    case 'followAddress':
      return effect.text === '' ? undefined : { kind: 'address', text: effect.text };
    case 'pageOf':
      return { kind: 'page', text: effect.text };
    default:
      return undefined;
  }
}

function done({ kind, text }: Prompt): readonly Effect[] {
  switch (kind) {
    case 'filter':
      return [{ do: 'filter', text: text.trim() }];
    case 'jump':
      return text.trim() === '' ? [] : [{ do: 'jump', text: text.trim() }];
    case 'address':
      return [{ do: 'followAddress', text: text.trim() }];
    case 'page':
      return [text.trim() === '' ? { do: 'showPage' } : { do: 'pageOf', text: text.trim() }];
    default:
      return [];
  }
}
