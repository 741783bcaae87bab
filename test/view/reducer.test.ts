// Keys to states and effects, without a terminal and without a trace.
import { expect, test } from 'vitest';
import type { Facts } from '../../src/view/state/outcome.ts';
import { reduce } from '../../src/view/state/reducer.ts';
import { initialState, type ViewState } from '../../src/view/state/state.ts';

const LENGTHS = { overview: 0, processes: 100, details: 50, pages: 257, statistics: 5, marks: 0, help: 40 };
const FACTS: Facts = { lengths: LENGTHS };
const START = initialState({ columns: 80, rows: 24, commandOnly: true, marks: {} });

function pressed(state: ViewState, ...keys: readonly string[]) {
  let outcome: ReturnType<typeof reduce> = { state, effects: [] };
  for (const key of keys) outcome = reduce(outcome.state, { type: 'key', key }, FACTS);
  return outcome;
}

test('keys of screens go there, Esc comes back', () => {
  const { state } = pressed(START, '3', '?');
  expect(state.screen).toBe('help');
  expect(pressed(state, 'escape').state.screen).toBe('events');
  expect(pressed(state, 'q').effects).not.toContainEqual({ do: 'quit' });
  expect(pressed(START, 'q').effects).toEqual([{ do: 'quit' }]);
  expect(pressed(state, 'ctrl+c').effects).toEqual([{ do: 'quit' }]);
});

test('lists keep their cursor inside and in sight', () => {
  const { state } = pressed(START, '2', 'j', 'j', 'k');
  expect(state.lists.processes.cursor).toBe(1);
  const end = pressed(state, 'G').state.lists.processes;
  expect(end).toEqual({ cursor: 99, top: 80 });
  expect(pressed(state, 'G', 'j', 'pageDown').state.lists.processes).toEqual(end);
  expect(pressed(state, 'G', 'g').state.lists.processes).toEqual({ cursor: 0, top: 0 });
});

test('a search asks at every letter, and gives up where it began', () => {
  const { state, effects } = pressed({ ...START, event: 7 }, '/', 'a', 'b');
  expect(effects).toEqual([{ do: 'search', text: 'ab', direction: 'forward', from: 7 }]);
  expect(pressed(state, 'escape').effects).toEqual([{ do: 'cancel' }, { do: 'goTo', event: 7 }]);
  const found = reduce(state, { type: 'landed', event: 90, jump: false }, FACTS).state;
  const done = pressed(found, 'enter').state;
  expect(done).toMatchObject({ event: 90, prompt: undefined, sought: { text: 'ab' }, back: [7] });
  expect(pressed(done, 'N').effects).toEqual([{ do: 'search', text: 'ab', direction: 'backward', from: 90 }]);
});

test('letters in a prompt are text, whatever they do elsewhere', () => {
  expect(pressed(START, '|', 'q', '?', ' ', 'x').state.prompt?.text).toBe('q? x');
  expect(pressed(START, '|', 'a', 'b', 'ctrl+w', 'c').state.prompt?.text).toBe('c');
  expect(pressed(START, '|', 'backspace').state.prompt).toBeUndefined();
});

test('back and forward again', () => {
  const far = reduce({ ...START, event: 5 }, { type: 'landed', event: 50, jump: true }, FACTS).state;
  const back = pressed(far, '[').state;
  expect(back).toMatchObject({ event: 5, forward: [50], back: [] });
  expect(pressed(back, ']').state).toMatchObject({ event: 50, back: [5], forward: [] });
  expect(pressed(START, ']').state.message?.bad).toBe(true);
});

test('marks', () => {
  const { state, effects } = pressed({ ...START, event: 9, screen: 'events' }, 'm', 'k');
  expect(state.marks).toEqual({ k: 9 });
  expect(effects).toEqual([{ do: 'saveMarks' }]);
  expect(pressed(state, "'", 'k').effects).toEqual([{ do: 'goTo', event: 9 }]);
  expect(pressed(state, "'", '7').effects).toEqual([]);
});
