import { type CallFilter, wantsCall, wantsOutcome, wantsTrap } from './call-filter.ts';
import type { Call } from './calls.ts';
import type { TextOutput } from './output.ts';
import type { CallSink } from './reconstruction.ts';
import { TRAP_NAMES } from './traps/description.ts';
import type { Trap } from './traps/trap.ts';

interface Row {
  readonly name: string;
  calls: number;
  errors: number;
  time: number;
}

interface TrapRow {
  readonly policy: Trap['policy'];
  readonly subject: string;
  count: number;
}

/** Policies as they are listed; what has no name last. */
const ORDER: readonly string[] = [...TRAP_NAMES, 'unknown'];

/** The tables of `-c`: time, calls and errors by system call, and other traps by policy. Times are virtual. */
export class SummaryWriter implements CallSink {
  readonly #output: TextOutput;
  readonly #filter: CallFilter;
  readonly #rows = new Map<string, Row>();
  readonly #traps = new Map<string, TrapRow>();

  constructor(output: TextOutput, filter: CallFilter) {
    this.#output = output;
    this.#filter = filter;
  }

  entry(call: Call): void {
    if (call.outcome === 'never') this.#count(call);
  }

  return(call: Call): void {
    this.#count(call);
  }

  signal(): void {}

  trap({ policy, subject }: Trap): void {
    if (!wantsTrap(this.#filter, policy)) return;
    const key = `${policy}:${subject}`;
    const row = this.#traps.get(key);
    if (row === undefined) this.#traps.set(key, { policy, subject, count: 1 });
    else row.count++;
  }

  #count(call: Call): void {
    if (!wantsCall(this.#filter, call) || !wantsOutcome(this.#filter, call)) return;
    let row = this.#rows.get(call.name);
    if (row === undefined) {
      row = { name: call.name, calls: 0, errors: 0, time: 0 };
      this.#rows.set(call.name, row);
    }
    row.calls++;
    if (call.failed) row.errors++;
    row.time += call.exitTime - call.entryTime;
  }

  end(): void {
    this.#writeCalls();
    if (this.#traps.size > 0) this.#writeTraps();
  }

  #writeTraps(): void {
    const rows = [...this.#traps.values()].sort(
      (a, b) =>
        ORDER.indexOf(a.policy) - ORDER.indexOf(b.policy) || b.count - a.count || (a.subject < b.subject ? -1 : 1),
    );
    const line = (count: string, policy: string, subject: string): string =>
      `${count.padStart(9)} ${policy.padEnd(10)} ${subject}\n`;
    const rule = line('-'.repeat(9), '-'.repeat(10), '-'.repeat(16));
    const total = rows.reduce((sum, { count }) => sum + count, 0);
    const lines = rows.map(({ count, policy, subject }) => line(String(count), policy, subject));
    this.#output.write(
      `\n${line('traps', 'policy', 'what')}${rule}${lines.join('')}${rule}${line(String(total), 'total', '').trimEnd()}\n`,
    );
  }

  #writeCalls(): void {
    const rows = [...this.#rows.values()].sort((a, b) => b.time - a.time || (a.name < b.name ? -1 : 1));
    const total = rows.reduce((sum, row) => sum + row.time, 0);
    const line = (share: string, time: string, each: string, calls: string, errors: string, name: string): string =>
      `${share.padStart(6)} ${time.padStart(11)} ${each.padStart(11)} ${calls.padStart(9)} ${errors.padStart(9)} ${name}\n`;
    const rule = line('-'.repeat(6), '-'.repeat(11), '-'.repeat(11), '-'.repeat(9), '-'.repeat(9), '-'.repeat(16));
    this.#output.write(line('% time', 'seconds', 'usecs/call', 'calls', 'errors', 'syscall') + rule);
    let calls = 0;
    let errors = 0;
    for (const row of rows) {
      const share = total === 0 ? 0 : (100 * row.time) / total;
      const each = Math.floor(row.time / row.calls / 1000);
      this.#output.write(
        line(
          share.toFixed(2),
          (row.time / 1e9).toFixed(6),
          String(each),
          String(row.calls),
          row.errors === 0 ? '' : String(row.errors),
          row.name,
        ),
      );
      calls += row.calls;
      errors += row.errors;
    }
    const each = calls === 0 ? 0 : Math.floor(total / calls / 1000);
    this.#output.write(
      rule +
        line(
          '100.00',
          (total / 1e9).toFixed(6),
          String(each),
          String(calls),
          errors === 0 ? '' : String(errors),
          'total',
        ),
    );
  }
}
