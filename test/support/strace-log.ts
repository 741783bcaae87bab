/** Lines of strace text as whole calls by task; notes of signals and exits are left out, white space is made one. */
export function callsByTask(text: string, form: RegExp): ReadonlyMap<string, readonly string[]> {
  const calls = new Map<string, string[]>();
  const started = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = form.exec(line);
    if (match === null) continue;
    const [, task, body] = match as unknown as [string, string, string];
    if (/^(---|\+\+\+)/.test(body)) continue;
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(body);
    if (unfinished !== null) {
      started.set(task, unfinished[1]!);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(body);
    const whole = resumed === null ? body : `${started.get(task) ?? ''}${resumed[1]}`;
    if (resumed !== null) started.delete(task);
    const known = calls.get(task) ?? [];
    known.push(normal(whole));
    calls.set(task, known);
  }
  return calls;
}

/** A call that ended with its task has `= ?` in one and nothing in the other: neither is a result. */
function normal(call: string): string {
  return call
    .replace(/\) += /, ') = ')
    .replace(/\s+/g, ' ')
    .trim();
}
