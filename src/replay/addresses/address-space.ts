/** What lies where in the memory of a process, at each moment of a trace. */
import { type Region, SpaceChanges } from './space-changes.ts';

/** Changes of a page, by their places among all; those up to `scanned` have been looked at. */
interface PageChanges {
  scanned: number;
  readonly places: number[];
}

const PAGE = 4096;

/** Addresses are numbers: programs have none beyond 2^53. */
export class AddressSpace {
  /** The space that it began as a copy of, and when. */
  readonly parent: AddressSpace | undefined;
  readonly since: number;
  /** Where the heap begins and ends; undefined: not known yet. */
  heap: { readonly start: number; end: number } | undefined;
  /** Last part of the path of its program; undefined: not known. */
  program: string | undefined;
  readonly #changes = new SpaceChanges();
  readonly #pages = new Map<number, PageChanges>();

  constructor(parent: AddressSpace | undefined, since: number) {
    this.parent = parent;
    this.since = since;
    this.heap = parent?.heap && { ...parent.heap };
    this.program = parent?.program;
  }

  set(event: number, start: number, end: number, region: Region | undefined): void {
    if (end > start) this.#changes.push(event, start, end, region);
  }

  /** Another program takes the place of all that was. */
  clear(event: number): void {
    this.heap = undefined;
    this.program = undefined;
    this.set(event, 0, Infinity, undefined);
  }

  /** What lies at an address right after an event. */
  at(address: number, event: number): Region | undefined {
    const { places } = this.#changesOf(Math.floor(address / PAGE));
    for (let i = places.length - 1; i >= 0; i--) {
      const place = places[i]!;
      if (this.#changes.holds(place, address, event)) return this.#changes.region(place);
    }
    return this.parent?.at(address, Math.min(event, this.since));
  }

  /** Only pages that are asked for are kept track of, each as far as there are changes. */
  #changesOf(page: number): PageChanges {
    let found = this.#pages.get(page);
    if (found === undefined) {
      found = { scanned: 0, places: [] };
      this.#pages.set(page, found);
    }
    for (; found.scanned < this.#changes.count; found.scanned++) {
      if (this.#changes.touches(found.scanned, page * PAGE, (page + 1) * PAGE)) found.places.push(found.scanned);
    }
    return found;
  }
}
