import { type AddressRange, placeText } from '../analyze/history/place.ts';
import type { Job } from '../analyze/model/job.ts';
import { UserError } from '../emu/errors.ts';
import { PageHistory } from './source/page-history.ts';
import { ShownPage } from './source/shown-page.ts';
import { asSeenBy, parsePage, writtenPages } from './source/subjects.ts';
import type { Stage } from './stage.ts';
import { bodyRows } from './state/state.ts';

/** Lines of the screen above the bytes: what the page is, and who wrote it. */
const HEADS = 2;

/** The page that is on the screen, and ways to others and through its versions. */
export class PageScreen {
  /** undefined: none was chosen yet. */
  shown: ShownPage | undefined;
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Lines that are scrolled: bytes, and who wrote them. */
  get length(): number {
    return this.shown === undefined ? 0 : this.shown.lines.length + 1;
  }

  /** The page that the event under the cursor is about, where it is about one. */
  showOfEvent(): void {
    const { source, state } = this.#stage;
    const place = source.model.store.at(state.event);
    const [page] = place === undefined ? [] : writtenPages(place, source);
    if (page !== undefined) this.#load(page, state.event);
  }

  /** The page of an address as it is typed. Throws UserError. */
  showOf(address: string): void {
    this.#load(parsePage(address), this.#stage.state.event);
  }

  /** The next page that the event of the version shown wrote. Throws UserError. */
  showOther(): void {
    const { source } = this.#stage;
    const event = this.shown?.version?.event;
    const place = event === undefined ? undefined : source.model.store.at(event);
    const pages = place === undefined ? [] : writtenPages(place, source);
    if (event === undefined || pages.length < 2) throw new UserError('this event wrote no other page');
    const shown = placeText(this.shown!.history.place);
    const next = (pages.findIndex((page) => placeText(page) === shown) + 1) % pages.length;
    this.#load(pages[next]!, event);
    this.#stage.say(`page ${next + 1} of ${pages.length} that event #${event} wrote`);
  }

  /** The same page by its physical address, or by that of its process. Throws UserError. */
  showOtherSpace(): void {
    const version = this.shown?.version;
    if (this.shown === undefined || version === undefined) throw new UserError('there is no page on the screen');
    const { linear, physical } = version.write;
    const { event } = version;
    if (this.shown.history.place.space === 'virtual')
      this.#load({ space: 'physical', address: physical, length: 1n }, event);
    else if (linear === undefined) throw new UserError('this write has no virtual address');
    else this.#load(asSeenBy(version.identity, linear), event);
  }

  /** Goes on by so many versions, or back. */
  turn(by: number): void {
    if (this.shown === undefined) return;
    const { history, at } = this.shown;
    this.#turnTo(history, Math.max(0, Math.min(at + by, history.versions.length - 1)));
  }

  /** At the version of an event, or the last before it. */
  #load(place: AddressRange, event: number): void {
    const history = new PageHistory(this.#stage.source.model, place);
    const known = this.shown?.history;
    if (known !== undefined && placeText(known.place) === placeText(history.place) && known.extent !== 'reading') {
      this.#turnToEvent(known, event);
      return;
    }
    this.shown = new ShownPage(history, 0);
    this.#stage.want(this.#reading(history, event), 'looking for writes');
  }

  *#reading(history: PageHistory, event: number): Job<void> {
    yield* history.read();
    this.#turnToEvent(history, event);
  }

  #turnToEvent(history: PageHistory, event: number): void {
    const at = history.versions.findLastIndex((version) => version.event <= event);
    this.#turnTo(history, Math.max(0, at));
  }

  /** Scrolls to what changed, where that is not in sight. */
  #turnTo(history: PageHistory, at: number): void {
    this.shown = new ShownPage(history, at);
    const { state } = this.#stage;
    const line = this.shown.changedLine;
    const { top } = state.lists.pages;
    if (line < top || line > top + bodyRows(state) - HEADS - 1)
      this.#stage.dispatch({ type: 'scroll', list: 'pages', cursor: line });
    else this.#stage.changed();
  }
}
