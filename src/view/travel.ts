/** Ways through the events that are shown. */

import { both, type EventTest } from '../analyze/model/event-test.ts';
import type { Job } from '../analyze/model/job.ts';
import { UserError } from '../emu/errors.ts';
import { parseMoment } from '../replay/window.ts';
import { EVENT_KIND } from '../trace/event.ts';
import { criterion } from './source/criterion.ts';
import { parseAddress } from './source/filter.ts';
import type { Direction } from './source/sieve.ts';
import { addressOf, descriptorsOf } from './source/subjects.ts';
import type { Stage } from './stage.ts';
import type { Criterion } from './state/effect.ts';
import { bodyRows } from './state/state.ts';

export class Travel {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Makes the lines of the screen anew, the cursor staying where it is. */
  *show(): Job<void> {
    const { state, events } = this.#stage;
    const rows = bodyRows(state);
    const line = yield* events.fill(state.event, Math.min(state.line, rows - 1), rows);
    if (line !== state.line) this.#land(state.event, line, false);
  }

  #land(event: number, line: number | undefined, jump: boolean): void {
    this.#stage.dispatch({ type: 'landed', event, jump, ...(line === undefined ? {} : { line }) });
  }

  *#arrive(event: number, line: number, jump: boolean): Job<void> {
    const rows = bodyRows(this.#stage.state);
    const at = yield* this.#stage.events.fill(event, Math.max(0, Math.min(line, rows - 1)), rows);
    this.#land(event, at, jump);
  }

  /** To the event, or the nearest one that is shown. */
  *settle(event: number): Job<void> {
    const nearest = yield* this.#nearest(event);
    if (nearest === undefined) {
      this.#stage.events.lines = [];
      this.#stage.say(this.#whyNone(), true);
      return;
    }
    yield* this.#arrive(nearest, this.#stage.state.line, false);
  }

  #whyNone(): string {
    const { state, source } = this.#stage;
    if (state.filter !== '') return 'no event passes the filter: x takes it away';
    if (source.findings.length > 0)
      return 'no event can be read: the trace is damaged, cut off, or still being recorded';
    if (source.count > 0 && state.commandOnly) return 'there is no event of the command: A shows the whole guest';
    return 'there is no event in this trace';
  }

  *#nearest(event: number): Job<number | undefined> {
    const { sieve } = this.#stage.events;
    const [next] = yield* sieve.near(event, 'forward', 1);
    if (next !== undefined) return next;
    return (yield* sieve.near(event, 'backward', 1))[0];
  }

  *move(by: number, keepLine: boolean): Job<void> {
    const { state, events } = this.#stage;
    const direction: Direction = by > 0 ? 'forward' : 'backward';
    const from = state.event + Math.sign(by);
    const found = from < 0 ? [] : yield* events.sieve.near(from, direction, Math.abs(by));
    const target = found.at(-1);
    if (target === undefined) return;
    yield* this.#arrive(target, keepLine ? state.line : state.line + Math.sign(by) * found.length, false);
  }

  *edge(which: 'first' | 'last'): Job<void> {
    const { source, events, state } = this.#stage;
    const last = which === 'last';
    const [event] = yield* events.sieve.near(last ? source.count - 1 : 0, last ? 'backward' : 'forward', 1);
    if (event !== undefined) yield* this.#arrive(event, last ? bodyRows(state) - 1 : 0, true);
  }

  *goTo(event: number, jump: boolean): Job<void> {
    const nearest = yield* this.#nearest(event);
    if (nearest === undefined) return;
    yield* this.#arrive(nearest, bodyRows(this.#stage.state) >> 1, jump);
    if (nearest !== event) this.#stage.say(`#${event} is not shown; this is the nearest that is`);
  }

  *jump(text: string): Job<void> {
    const { source } = this.#stage;
    const moment = parseMoment(text, 'jump to');
    const event = source.model.eventAt(moment);
    if (event >= source.count) throw new UserError(`the trace ends before ${text}`);
    yield* this.goTo(event, true);
  }

  *seek(what: Criterion, direction: Direction): Job<void> {
    const { state, source } = this.#stage;
    const place = source.model.store.at(state.event);
    if (place === undefined) return;
    const { test, name } = criterion(what, place, source);
    yield* this.#find(state.event, direction, test, name);
  }

  *#find(from: number, direction: Direction, test: EventTest, name: string): Job<void> {
    const found = yield* this.#stage.events.sieve.find(from, direction, test);
    if (found === undefined) {
      this.#stage.say(`no ${name} ${direction === 'forward' ? 'from here to the end' : 'before this'}`, true);
    } else yield* this.#arrive(found, this.#lineOf(found), true);
  }

  /** Where an event stands on the screen, or the middle. */
  #lineOf(event: number): number {
    const { events, state } = this.#stage;
    const at = events.lines.findIndex((line) => line.event === event);
    return at >= 0 ? at : bodyRows(state) >> 1;
  }

  /** While a line is being typed the event from which it goes out counts too, and nothing is remembered as a jump. */
  *search(text: string, direction: Direction, from: number): Job<void> {
    const { state, source, events } = this.#stage;
    const typing = state.prompt !== undefined;
    if (text === '') return yield* this.goTo(from, false);
    const test = { passes: contains(text, source) };
    const forward = direction === 'forward';
    const found = yield* events.sieve.find(typing ? from - (forward ? 1 : -1) : from, direction, test);
    if (found !== undefined) return yield* this.#arrive(found, this.#lineOf(found), !typing);
    const other = yield* events.sieve.find(forward ? -1 : source.count, direction, both(test, upTo(from, direction)));
    if (other === undefined) return this.#stage.say(`"${text}" is nowhere in what is shown`, true);
    yield* this.#arrive(other, this.#lineOf(other), !typing);
    if (other === state.event && !typing) this.#stage.say(`this is the only one with "${text}"`);
    else this.#stage.say(`went on from the ${forward ? 'beginning' : 'end'}: there is no other behind this`);
  }

  /** Shows what is done to the descriptor of the call under the cursor, from where it was opened to where it is closed. */
  *followDescriptor(filter: (text: string) => void): Job<void> {
    const { state, source } = this.#stage;
    const place = source.model.store.at(state.event);
    const isCall = place !== undefined && place.chunk.kind(place.row) === EVENT_KIND.callEntry;
    const call = isCall ? source.calls.entered(place, 1).call : undefined;
    const fd = call && descriptorsOf(call).at(-1);
    const identity = place && source.identity(place.chunk.task(place.row), state.event);
    if (fd === undefined || identity === undefined) throw new UserError('the event under the cursor has no descriptor');
    yield 0;
    // A descriptor that the call gives back is there from its return on.
    const after = call?.exitChunk === undefined ? state.event : call.exitChunk.firstEvent + call.exitRow;
    const { descriptors } = source;
    const span = descriptors.span(identity, fd, state.event) ?? descriptors.span(identity, fd, after);
    filter(
      `pid=${descriptors.owner(identity, state.event)} fd=${fd}${span === undefined ? '' : ` events=#${this.#entryOf(span[0])}-#${span[1]}`}`,
    );
  }

  /** The event that entered the call which returned with an event. */
  #entryOf(event: number): number {
    const { calls, model } = this.#stage.source;
    const place = model.store.at(event);
    const entry = place && calls.entryOf(place, Infinity);
    return entry === undefined ? event : entry.chunk.firstEvent + entry.row;
  }

  /** The filter for an address, or for the one under the cursor. Throws UserError. */
  addressFilter(text: string): string {
    const { state, source } = this.#stage;
    const place = source.model.store.at(state.event);
    const address = text === '' ? place && addressOf(place, source) : parseAddress(text);
    if (address === undefined) throw new UserError('the event under the cursor has no address: type one');
    return `addr=0x${address.toString(16)}`;
  }
}

/** What comes before an event on the way in a direction, and itself. */
function upTo(event: number, direction: Direction): EventTest {
  if (direction === 'forward') {
    return {
      mayHold: ({ firstEvent }) => firstEvent <= event,
      passes: ({ chunk, row }) => chunk.firstEvent + row <= event,
    };
  }
  return {
    mayHold: ({ firstEvent, count }) => firstEvent + count > event,
    passes: ({ chunk, row }) => chunk.firstEvent + row >= event,
  };
}

/** Small letters find large ones too. */
function contains(text: string, { lines }: Stage['source']): EventTest['passes'] {
  if (text !== text.toLowerCase()) return (place) => lines.text(place).includes(text);
  return (place) => lines.text(place).toLowerCase().includes(text);
}
