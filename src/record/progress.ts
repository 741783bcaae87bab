/** Milliseconds between two looks at the numbers. */
const INTERVAL = 200;

export interface ProgressNumbers {
  readonly phase: string;
  readonly instructions: number;
  readonly events: number;
}

/** One line on the terminal that says how far things are; silent where standard error is none. */
export class ProgressLine {
  readonly #enabled: boolean;
  readonly #start = performance.now();
  #last = 0;
  #shown = false;

  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** Shows the numbers, at most a few times a second. */
  show(numbers: () => ProgressNumbers): void {
    const now = performance.now();
    if (!this.#enabled || now - this.#last < INTERVAL) return;
    this.#last = now;
    const { phase, instructions, events } = numbers();
    const seconds = (now - this.#start) / 1000;
    const mips = instructions / 1e6 / seconds;
    const parts = [
      `${seconds.toFixed(1)} s`,
      `${(instructions / 1e6).toFixed(0)} M instructions`,
      `${mips.toFixed(0)} MIPS`,
    ];
    if (events > 0) parts.push(`${events} events`);
    process.stderr.write(`\r\x1b[K${phase}: ${parts.join(', ')}`);
    this.#shown = true;
  }

  /** Takes the line away before anything else is printed. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}
