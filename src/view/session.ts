/** A user before a trace: keys go through the reducer, what they ask for is done here, in small steps. */
import { type AddressRange, placeText } from '../analyze/history/place.ts';
import type { EventTest } from '../analyze/model/event-test.ts';
import { type Job, runWhole } from '../analyze/model/job.ts';
import { UserError } from '../emu/errors.ts';
import type { Call } from '../replay/calls.ts';
import { EVENT_KIND } from '../trace/event.ts';
import { folded, widthOf } from './components/fit.ts';
import { HELP_LINES } from './components/help.tsx';
import { EventList } from './event-list.ts';
import type { ScreenName } from './keys.ts';
import { type Marks, saveMarks } from './marks.ts';
import { Runner } from './runner.ts';
import { detailLines } from './source/details.ts';
import { Disassembler } from './source/disassembly.ts';
import { parseFilterLine } from './source/filter.ts';
import { PageHistory } from './source/page-history.ts';
import { ShownPage } from './source/shown-page.ts';
import { eventsWhere } from './source/sql-events.ts';
import { asSeenBy, parsePage, writtenPages } from './source/subjects.ts';
import type { TraceSource } from './source/trace-source.ts';
import type { Effect } from './state/effect.ts';
import { type Facts, type Input, reduce } from './state/reducer.ts';
import { bodyRows, initialState, type ListName, type ViewState } from './state/state.ts';
import type { StyledLine } from './tone.ts';
import { Travel } from './travel.ts';

/** Events of a trace whose processes are known before the first screen. */
const SMALL = 200_000;

export interface SessionOptions {
  readonly columns: number;
  readonly rows: number;
  readonly marks: Marks;
  /** Called once, when the user leaves. */
  readonly onQuit: () => void;
  /** Called when the screen is to be drawn anew. */
  readonly onRedraw: () => void;
}

export class Session {
  readonly source: TraceSource;
  readonly events: EventList;
  readonly runner: Runner;
  state: ViewState;
  /** The page on the page screen. */
  page: ShownPage | undefined;
  /** Grows whenever there is something else to show. */
  version = 0;
  readonly #options: SessionOptions;
  readonly #listeners = new Set<() => void>();
  readonly #disassembler = new Disassembler();
  readonly #travel: Travel;
  /** The query that is under way. */
  #asked: symbol | undefined;
  #details: { readonly event: number; readonly columns: number; readonly lines: readonly StyledLine[] } | undefined;

  constructor(source: TraceSource, options: SessionOptions) {
    this.source = source;
    this.#options = options;
    const { columns, rows, marks } = options;
    const commandOnly = source.model.reader.header.command.length > 0;
    this.state = initialState({ columns, rows, commandOnly, marks });
    this.runner = new Runner(() => this.#changed());
    this.events = new EventList(source, this.state);
    this.#travel = new Travel(this);
    if (source.count <= SMALL) runWhole(source.model.readHistory());
    const reading = source.read(() => this.#told());
    this.#wanted(this.#travel.settle(0), 'opening');
    this.runner.later(reading);
  }

  /** Names have become known: the same events are shown again, but for those of nobody's concern. */
  #told(): void {
    if (this.runner.busy) return;
    this.#refilter();
  }

  // What React wants of an external store.
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly snapshot = (): number => this.version;

  #changed(): void {
    this.version++;
    for (const listener of this.#listeners) listener();
  }

  press(key: string): void {
    this.runner.rest();
    this.dispatch({ type: 'key', key });
  }

  resize(columns: number, rows: number): void {
    this.dispatch({ type: 'resize', columns, rows });
    this.runner.startAfter(this.#guarded(this.#travel.show()), 'drawing');
  }

  dispatch(input: Input): void {
    const { state, effects } = reduce(this.state, input, this.#facts());
    this.state = state;
    for (const effect of effects) this.#do(effect);
    this.#changed();
  }

  say(text: string, bad = false): void {
    this.dispatch({ type: 'message', message: { text, bad } });
  }

  close(): void {
    this.runner.stop();
    this.source.close();
  }

  #facts(): Facts {
    return { lengths: this.lengths };
  }

  get lengths(): Readonly<Record<ListName, number>> {
    return {
      overview: 0,
      processes: this.source.processRows.length,
      details: this.details.length,
      // One more: who wrote it.
      pages: this.page === undefined ? 0 : this.page.lines.length + 1,
      statistics: this.source.statistics.length,
      marks: this.markRows.length,
      help: HELP_LINES.length,
    };
  }

  /** Letters and events of the marks, in the order of the trace. */
  get markRows(): readonly (readonly [letter: string, event: number])[] {
    return Object.entries(this.state.marks).sort(([, a], [, b]) => a - b);
  }

  #wanted(job: Job<void>, what: string): void {
    this.runner.start(this.#guarded(job), what);
  }

  /** A job whose user errors are told instead of thrown. */
  *#guarded(job: Job<void>): Job<void> {
    try {
      yield* job;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.say(error.message, true);
    }
  }

  #do(effect: Effect): void {
    const travel = this.#travel;
    switch (effect.do) {
      case 'move':
        this.#wanted(travel.move(effect.by, effect.keepLine), 'looking for the next');
        break;
      case 'edge':
        this.#wanted(travel.edge(effect.which), 'going there');
        break;
      case 'goTo':
        this.#wanted(travel.goTo(effect.event, true), 'going there');
        break;
      case 'seek':
        this.#wanted(travel.seek(effect.what, effect.direction), 'looking');
        break;
      case 'search':
        this.#wanted(travel.search(effect.text, effect.direction, effect.from), 'searching');
        break;
      case 'filter':
        this.#filter(effect.text);
        break;
      case 'jump':
        this.#wanted(travel.jump(effect.text), 'going there');
        break;
      case 'followDescriptor':
        this.#wanted(
          travel.followDescriptor((text) => this.#filter(text)),
          'looking',
        );
        break;
      case 'followAddress':
        this.#guard(() => this.#filter(travel.addressFilter(effect.text)));
        break;
      case 'pageOf':
        this.#guard(() => this.#loadPage(parsePage(effect.text)));
        break;
      case 'otherPage':
        this.#guard(() => this.#otherPage());
        break;
      case 'pageSpace':
        this.#guard(() => this.#otherSpace());
        break;
      case 'refilter':
        this.#refilter();
        break;
      case 'open':
        this.#open(this.state.screen);
        break;
      case 'showPage':
        this.#showPage();
        break;
      case 'page':
        this.#turnPage(effect.by);
        break;
      case 'saveMarks':
        this.#guard(() => saveMarks(this.source.model.reader.path, this.state.marks));
        break;
      case 'cancel':
        if (this.runner.cancel() || this.#asked !== undefined) this.say('stopped');
        this.#asked = undefined;
        break;
      case 'redraw':
        this.#options.onRedraw();
        break;
      case 'quit':
        this.#options.onQuit();
        break;
    }
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.say(error.message, true);
    }
  }

  #filter(text: string): void {
    this.#guard(() => {
      const { test, sql } = parseFilterLine(text, this.source);
      this.#asked = undefined;
      if (sql === undefined) this.#filtered(text, test);
      else this.#ask(text, sql);
    });
  }

  #filtered(text: string, test: EventTest): void {
    this.events.use(test, this.state);
    this.dispatch({ type: 'filtered', filter: text });
    if (this.state.screen !== 'details') this.dispatch({ type: 'show', screen: 'events' });
    this.#wanted(this.#travel.settle(this.state.event), 'filtering');
  }

  /** A condition that a query answers. What is asked or done in between makes its answer void. */
  #ask(text: string, sql: string): void {
    const asked = Symbol(sql);
    this.#asked = asked;
    this.say('asking ...');
    eventsWhere(this.source.model, sql).then(
      (test) => {
        if (this.#asked === asked) this.#filtered(text, test);
      },
      (error: unknown) => {
        if (this.#asked === asked) this.say(error instanceof Error ? error.message : String(error), true);
      },
    );
  }

  #refilter(): void {
    this.events.scope(this.state);
    this.#wanted(this.#travel.settle(this.state.event), 'filtering');
  }

  #showPage(): void {
    const place = this.source.model.store.at(this.state.event);
    const [page] = place === undefined ? [] : writtenPages(place, this.source);
    if (page !== undefined) this.#loadPage(page);
  }

  /** Throws UserError. */
  #otherPage(): void {
    const event = this.page?.version?.event;
    const place = event === undefined ? undefined : this.source.model.store.at(event);
    const pages = place === undefined ? [] : writtenPages(place, this.source);
    if (event === undefined || pages.length < 2) throw new UserError('this event wrote no other page');
    const shown = placeText(this.page!.history.place);
    const next = (pages.findIndex((page) => placeText(page) === shown) + 1) % pages.length;
    this.#loadPage(pages[next]!, event);
    this.say(`page ${next + 1} of ${pages.length} that event #${event} wrote`);
  }

  /** At the version of an event, or the last before it. */
  #loadPage(place: AddressRange, event = this.state.event): void {
    const history = new PageHistory(this.source.model, place);
    const known = this.page?.history;
    if (known !== undefined && placeText(known.place) === placeText(history.place) && known.extent !== 'reading') {
      this.#turnToEvent(known, event);
      return;
    }
    this.page = new ShownPage(history, 0);
    this.#wanted(this.#readPage(history, event), 'looking for writes');
  }

  /** Throws UserError. */
  #otherSpace(): void {
    const version = this.page?.version;
    if (this.page === undefined || version === undefined) throw new UserError('there is no page on the screen');
    const { linear, physical } = version.write;
    const { event } = version;
    if (this.page.history.place.space === 'virtual')
      this.#loadPage({ space: 'physical', address: physical, length: 1n }, event);
    else if (linear === undefined) throw new UserError('this write has no virtual address');
    else this.#loadPage(asSeenBy(version.identity, linear), event);
  }

  /** The version shown is the one of the event under the cursor, or the last before it. */
  *#readPage(history: PageHistory, event: number): Job<void> {
    yield* history.read();
    this.#turnToEvent(history, event);
  }

  #turnToEvent(history: PageHistory, shown: number): void {
    const at = history.versions.findLastIndex(({ event }) => event <= shown);
    this.#turnTo(history, Math.max(0, at));
  }

  #turnPage(by: number): void {
    if (this.page === undefined) return;
    const { history, at } = this.page;
    this.#turnTo(history, Math.max(0, Math.min(at + by, history.versions.length - 1)));
  }

  #turnTo(history: PageHistory, at: number): void {
    this.page = new ShownPage(history, at);
    const line = this.page.changedLine;
    const { top } = this.state.lists.pages;
    if (line < top || line > top + bodyRows(this.state) - 3)
      this.dispatch({ type: 'scroll', list: 'pages', cursor: line });
    else this.#changed();
  }

  #open(screen: ScreenName): void {
    const { lists } = this.state;
    switch (screen) {
      case 'events':
        this.dispatch({ type: 'show', screen: 'details' });
        break;
      case 'overview':
        this.dispatch({ type: 'show', screen: 'events' });
        break;
      case 'processes': {
        const row = this.source.processRows[lists.processes.cursor];
        if (row !== undefined) this.#filter(`pid=${row.process.pid}`);
        break;
      }
      case 'pages': {
        const version = this.page?.version;
        if (version === undefined) return;
        this.dispatch({ type: 'show', screen: 'events' });
        this.#wanted(this.#travel.goTo(version.event, true), 'going there');
        break;
      }
      case 'statistics': {
        const row = this.source.statistics[lists.statistics.cursor];
        if (row !== undefined) this.#filter(row.name);
        break;
      }
      case 'marks': {
        const mark = this.markRows[lists.marks.cursor];
        if (mark === undefined) return;
        this.dispatch({ type: 'show', screen: 'events' });
        this.#wanted(this.#travel.goTo(mark[1], true), 'going there');
        break;
      }
      default:
    }
  }

  /** Lines about the event under the cursor. */
  get details(): readonly StyledLine[] {
    const { event } = this.state;
    if (this.state.screen !== 'details') return [];
    if (this.#details?.event === event && this.#details.columns === this.state.columns) return this.#details.lines;
    this.#disassembler.load(() => {
      this.#details = undefined;
      this.#changed();
    });
    const place = this.source.model.store.at(event);
    if (place === undefined) return [];
    const kind = place.chunk.kind(place.row);
    const { calls } = this.source;
    const entry = kind === EVENT_KIND.callEntry ? place : kind === EVENT_KIND.callReturn && calls.entryOf(place, 1);
    const found = entry ? calls.entered(entry, 1) : undefined;
    this.#describe(event, found?.call);
    if (found?.settled === false) this.#wanted(this.#whole(event), 'looking for the return');
    return this.#details?.lines ?? [];
  }

  #describe(event: number, call: Call | undefined): void {
    const place = this.source.model.store.at(event);
    if (place === undefined) return;
    const { columns } = this.state;
    const lines = detailLines(this.source, this.#disassembler, place, call);
    this.#details = { event, columns, lines: lines.flatMap((line) => folded(line, columns, indentOf(line))) };
  }

  /** The return of a call that stands far behind it. */
  *#whole(event: number): Job<void> {
    const place = this.source.model.store.at(event);
    if (place !== undefined) this.#describe(event, yield* this.source.calls.enteredWhole(place));
  }

  get bodyRows(): number {
    return bodyRows(this.state);
  }
}

/** Behind a label its text stands under itself. */
function indentOf([label]: StyledLine): number {
  return label?.tone === 'dim' ? widthOf(label.text) : TEXT_INDENT;
}

const TEXT_INDENT = 2;
