/**
 * Work in small steps: whoever runs it may show how far it is, do something else in between, or leave it. It yields how
 * much is done, 0 to 1, every few milliseconds.
 */
export type Job<T> = Generator<number, T>;

/** Runs a job to its end. */
export function runWhole<T>(job: Job<T>): T {
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
  }
}
