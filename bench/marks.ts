/** One measured stretch. `instructions` is undefined where a machine can't count them. */
export interface Stretch {
  readonly name: string;
  /** CPU seconds of the emulator, all its threads. */
  readonly seconds: number;
  readonly instructions: number | undefined;
  /** What the program computed; equal on every machine. */
  readonly check: string;
}

/** What is read at a mark. */
export interface Reading {
  readonly seconds: number;
  readonly instructions: number | undefined;
}

/** Reads the console of a guest and measures between its marks. The boot ends at @B and is a stretch of its own. */
export class Marks {
  readonly stretches: Stretch[] = [];
  /** The guest has done its plan. */
  done = false;
  /** Its kernel has given up; some machines would boot it again and again. */
  panicked = false;
  /** The last lines of the console, for when it goes wrong. */
  readonly tail: string[] = [];
  readonly #read: () => Reading;
  readonly #onStep: (what: string) => void;
  readonly #decoder = new TextDecoder();
  #line = '';
  #begun: Reading;

  /** `read` is called at each mark, `onStep` with what stands behind @R. */
  constructor(read: () => Reading, onStep: (what: string) => void = () => {}) {
    this.#read = read;
    this.#onStep = onStep;
    this.#begun = read();
  }

  feed(bytes: Uint8Array): void {
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) this.#take(line.trim());
  }

  #take(line: string): void {
    this.tail.push(line);
    if (this.tail.length > 8) this.tail.shift();
    const [mark, name = '', , check = ''] = line.split(' ');
    if (mark === '@S') this.#begun = this.#read();
    else if (mark === '@E') this.#end(name, check);
    else if (mark === '@B') this.#end('boot', '');
    else if (mark === '@R') this.#onStep(name);
    else if (mark === '@D') this.done = true;
    else if (line.includes('Kernel panic')) this.panicked = true;
  }

  #end(name: string, check: string): void {
    const now = this.#read();
    const instructions =
      now.instructions === undefined ? undefined : now.instructions - (this.#begun.instructions ?? 0);
    this.stretches.push({ name, seconds: now.seconds - this.#begun.seconds, instructions, check });
  }
}
