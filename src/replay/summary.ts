import { type CallFilter, wantsCall, wantsOutcome } from './call-filter.ts';
import type { Call } from './calls.ts';
import type { TextOutput } from './output.ts';
import type { Step } from './pairing.ts';
import type { StepSink } from './reconstruction.ts';
import { duration } from './strace/writer.ts';

interface Row {
  calls: number;
  errors: number;
  time: number;
}

/** The table of `-c`: time, calls and errors by system call. Times are virtual. */
export class SummaryWriter implements StepSink {
  readonly #output: TextOutput;
  readonly #filter: CallFilter;
  readonly #rows = new Map<string, Row>();

  constructor(output: TextOutput, filter: CallFilter) {
    this.#output = output;
    this.#filter = filter;
  }

  step(step: Step): void {
    if (step.kind === 'return') this.#count(step.call);
    else if (step.kind === 'entry' && step.call.outcome.kind === 'never') this.#count(step.call);
  }

  #count(call: Call): void {
    if (!wantsCall(this.#filter, call) || !wantsOutcome(this.#filter, call)) return;
    let row = this.#rows.get(call.name);
    if (row === undefined) {
      row = { calls: 0, errors: 0, time: 0 };
      this.#rows.set(call.name, row);
    }
    row.calls++;
    if (call.failed) row.errors++;
    row.time += duration(call);
  }

  end(): void {
    const rows = [...this.#rows].sort(([a, x], [b, y]) => y.time - x.time || (a < b ? -1 : 1));
    const total = rows.reduce((sum, [, row]) => sum + row.time, 0);
    const line = (share: string, time: string, each: string, calls: string, errors: string, name: string): string =>
      `${share.padStart(6)} ${time.padStart(11)} ${each.padStart(11)} ${calls.padStart(9)} ${errors.padStart(9)} ${name}\n`;
    const rule = line('-'.repeat(6), '-'.repeat(11), '-'.repeat(11), '-'.repeat(9), '-'.repeat(9), '-'.repeat(16));
    this.#output.write(line('% time', 'seconds', 'usecs/call', 'calls', 'errors', 'syscall') + rule);
    let calls = 0;
    let errors = 0;
    for (const [name, row] of rows) {
      const share = total === 0 ? 0 : (100 * row.time) / total;
      const each = Math.floor(row.time / row.calls / 1000);
      this.#output.write(
        line(
          share.toFixed(2),
          (row.time / 1e9).toFixed(6),
          String(each),
          String(row.calls),
          row.errors === 0 ? '' : String(row.errors),
          name,
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
