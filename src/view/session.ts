/** A user before a trace: keys go through the reducer, what they ask for is done here, in small steps. */
import { type Job, runWhole } from '../analyze/model/job.ts';
import { UserError } from '../emu/errors.ts';
import { HELP_LINES } from './components/help-lines.ts';
import { DetailScreen } from './detail-screen.ts';
import { EventList } from './event-list.ts';
import { Filtering } from './filtering.ts';
import type { ScreenName } from './keys.ts';
import { type KeptMarks, marksPath, saveMarks } from './marks.ts';
import { PageScreen } from './page-screen.ts';
import { Runner } from './runner.ts';
import { grouped } from './source/numbers.ts';
import type { TraceSource } from './source/trace-source.ts';
import type { Stage } from './stage.ts';
import type { Effect } from './state/effect.ts';
import type { Facts } from './state/outcome.ts';
import { typedFor } from './state/prompt.ts';
import { type Input, reduce } from './state/reducer.ts';
import { bodyRows, initialState, type ListName, type Typed, type ViewState } from './state/state.ts';
import { Travel } from './travel.ts';

/** Events of a trace whose processes are known before the first screen. */
const SMALL = 200_000;

export interface SessionOptions {
  readonly columns: number;
  readonly rows: number;
  readonly kept: KeptMarks;
  /** Called once, when the user leaves. */
  readonly onQuit: () => void;
  /** Called when the screen is to be drawn anew. */
  readonly onRedraw: () => void;
  /** Called when the trace is to be read anew. */
  readonly onReload: () => void;
}

export class Session implements Stage {
  readonly source: TraceSource;
  readonly events: EventList;
  readonly runner: Runner;
  state: ViewState;
  readonly pages: PageScreen;
  readonly details: DetailScreen;
  /** Grows whenever there is something else to show. */
  version = 0;
  /** More was recorded since the trace was opened. */
  hasGrown = false;
  readonly #options: SessionOptions;
  readonly #listeners = new Set<() => void>();
  readonly #travel: Travel;
  readonly #filtering: Filtering;
  /** The line that what is being done was typed on. */
  #typed: Typed | undefined;

  /** `before`: the session with the same trace that this one goes on with, more having been recorded. */
  constructor(source: TraceSource, options: SessionOptions, before?: Session) {
    this.source = source;
    this.#options = options;
    const { columns, rows, kept } = options;
    const commandOnly = source.model.reader.header.command.length > 0;
    this.state = initialState({ columns, rows, commandOnly, marks: kept.foreign ? {} : kept.marks });
    if (before !== undefined) this.state = { ...before.state, prompt: undefined, awaiting: undefined };
    this.runner = new Runner(() => this.changed());
    this.events = new EventList(source, this.state);
    this.#travel = new Travel(this);
    this.#filtering = new Filtering(this, this.#travel);
    this.pages = new PageScreen(this);
    this.details = new DetailScreen(this);
    if (source.count <= SMALL) runWhole(source.model.readHistory());
    const reading = source.read(() => this.#told());
    this.want(this.#travel.settle(this.state.event), 'opening');
    this.runner.later(reading);
    if (before !== undefined) this.#goOnFrom(before);
    else if (kept.foreign) this.say(`${marksPath(source.name)} is of another trace; the first mark replaces it`, true);
    else if (kept.trouble !== undefined) this.say(`${kept.trouble}: it stays as it is, and marks are not kept`, true);
  }

  /** Shows what another session showed, but for its page. */
  #goOnFrom({ state, source }: Session): void {
    if (state.filter !== '') this.#guard(() => this.#filtering.use(state.filter));
    this.state = { ...this.state, screen: state.screen === 'pages' ? 'events' : state.screen, under: state.under };
    const more = this.source.count - source.count;
    const end = this.source.hasEnded ? 'the recording has ended' : 'the recording goes on';
    this.say(`${grouped(more)} more ${more === 1 ? 'event' : 'events'}; ${end}`);
  }

  /** Names have become known: the same events are shown again, but for those of nobody's concern. */
  #told(): void {
    if (this.runner.busy) return;
    this.#filtering.again();
  }

  // What React wants of an external store.
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly snapshot = (): number => this.version;

  changed(): void {
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
    for (const effect of effects) {
      this.#typed = typedFor(effect);
      this.#do(effect);
    }
    this.#typed = undefined;
    this.changed();
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
      details: this.details.lines.length,
      pages: this.pages.length,
      statistics: this.source.statistics.length,
      marks: this.markRows.length,
      help: HELP_LINES.length,
    };
  }

  /** Letters and events of the marks, in the order of the trace. */
  get markRows(): readonly (readonly [letter: string, event: number])[] {
    return Object.entries(this.state.marks).sort(([, a], [, b]) => a - b);
  }

  refuse(typed: Typed, why: string): void {
    this.dispatch({ type: 'refused', typed, why });
  }

  want(job: Job<void>, what: string): void {
    this.runner.start(this.#guarded(job), what);
  }

  *#guarded(job: Job<void>): Job<void> {
    const typed = this.#typed;
    try {
      yield* job;
    } catch (error) {
      this.#tell(error, typed);
    }
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#tell(error, this.#typed);
    }
  }

  /** Throws what is no error of the user. */
  #tell(error: unknown, typed: Typed | undefined): void {
    if (!(error instanceof UserError)) throw error;
    if (typed === undefined) this.say(error.message, true);
    else this.refuse(typed, error.message);
  }

  #do(effect: Effect): void {
    const travel = this.#travel;
    switch (effect.do) {
      case 'move':
        this.want(travel.move(effect.by, effect.keepLine), 'looking for the next');
        break;
      case 'edge':
        this.want(travel.edge(effect.which), 'going there');
        break;
      case 'goTo':
        this.want(travel.goTo(effect.event, true), 'going there');
        break;
      case 'seek':
        this.want(travel.seek(effect.what, effect.direction), 'looking');
        break;
      case 'search':
        this.want(travel.search(effect.text, effect.direction, effect.from), 'searching');
        break;
      case 'filter':
        this.#guard(() => this.#filtering.use(effect.text));
        break;
      case 'jump':
        this.want(travel.jump(effect.text), 'going there');
        break;
      case 'followDescriptor':
        this.want(
          travel.followDescriptor((text) => this.#filtering.use(text)),
          'looking',
        );
        break;
      case 'followAddress':
        this.#guard(() => this.#filtering.use(travel.addressFilter(effect.text)));
        break;
      case 'pageOf':
        this.#guard(() => this.pages.showOf(effect.text));
        break;
      case 'otherPage':
        this.#guard(() => this.pages.showOther());
        break;
      case 'pageSpace':
        this.#guard(() => this.pages.showOtherSpace());
        break;
      case 'refilter':
        this.#filtering.again();
        break;
      case 'open':
        this.#guard(() => this.#open(this.state.screen));
        break;
      case 'showPage':
        this.pages.showOfEvent();
        break;
      case 'page':
        this.pages.turn(effect.by);
        break;
      case 'saveMarks':
        this.#guard(() => this.#saveMarks());
        break;
      case 'cancel':
        // Both: there may be a job and a query.
        if ([this.runner.cancel(), this.#filtering.cancel()].includes(true)) this.say('stopped');
        break;
      case 'reload':
        this.#guard(this.#options.onReload);
        break;
      case 'redraw':
        this.#options.onRedraw();
        break;
      case 'quit':
        this.#options.onQuit();
        break;
    }
  }

  #saveMarks(): void {
    const { trouble } = this.#options.kept;
    if (trouble !== undefined) throw new UserError(`the mark is not kept: ${trouble}`);
    saveMarks(this.source.model.reader.path, this.source.headerHash, this.state.marks);
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
        if (row !== undefined) this.#filtering.use(`pid=${row.process.pid}`);
        break;
      }
      case 'pages': {
        const version = this.pages.shown?.version;
        if (version === undefined) return;
        this.dispatch({ type: 'show', screen: 'events' });
        this.want(this.#travel.goTo(version.event, true), 'going there');
        break;
      }
      case 'statistics': {
        const row = this.source.statistics[lists.statistics.cursor];
        if (row !== undefined) this.#filtering.use(row.name);
        break;
      }
      case 'marks': {
        const mark = this.markRows[lists.marks.cursor];
        if (mark === undefined) return;
        this.dispatch({ type: 'show', screen: 'events' });
        this.want(this.#travel.goTo(mark[1], true), 'going there');
        break;
      }
      default:
    }
  }

  get bodyRows(): number {
    return bodyRows(this.state);
  }
}
