/**
 * Work in small steps: whoever runs it may show how far it is, do something else in between, or leave it. It yields how
 * much is done, 0 to 1, every few milliseconds.
 */
export type Job<T> = Generator<number, T>;

/** Runs a job for so many milliseconds at most; undefined: there is more to do. */
export function runFor<T>(job: Job<T>, milliseconds: number): { readonly value: T } | undefined {
  const end = performance.now() + milliseconds;
  do {
    const step = job.next();
    if (step.done === true) return { value: step.value };
  } while (performance.now() < end);
  return undefined;
}

/** Runs a job to its end. */
export function runWhole<T>(job: Job<T>): T {
  for (;;) {
    const step = job.next();
    if (step.done === true) return step.value;
  }
}
