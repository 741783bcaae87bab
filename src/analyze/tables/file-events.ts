import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { callKeys } from '../model/call-keys.ts';
import { CallScan } from './call-scan.ts';
import { FILE_ACTIONS } from './file-actions.ts';
import { FileChanges } from './file-changes.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { ScanCount, ScanRequest, TableSource } from './scan.ts';
import { EventColumns } from './who.ts';

/** Calls that change files, and those from which it is known whether one is there. */
const CALLS = callKeys(
  ({ name, arguments: all }) => FILE_ACTIONS.has(name) || all.some(({ format }) => format === 'path'),
);

class FileEventScan extends CallScan {
  readonly #event: EventColumns;
  readonly #changes = new FileChanges();

  constructor(request: ScanRequest, rows: RowBuffer, count: ScanCount) {
    // What was there before is known only from all that came before.
    super({ ...request, constraints: new Map() }, count, {
      columns: { arguments: true, times: true },
      descriptors: true,
      calls: CALLS,
      identities: true,
    });
    this.#event = new EventColumns(rows, () => this.model.history);
  }

  protected override call(call: Call, identity: TaskIdentity | undefined, rows: RowBuffer): void {
    const { descriptors } = this.reconstruction;
    if (identity === undefined || descriptors === undefined) return;
    const change = this.#changes.of(call, identity, descriptors);
    if (change === undefined) return;
    const { action, certain, what, path, to } = change;
    const at = rows.next();
    this.#event.put(at, call.chunk, call.row);
    rows.text('action')?.often(at, action);
    rows.truth('certain')?.put(at, certain);
    if (what !== undefined) rows.text('what')?.often(at, what);
    rows.text('path')?.text(at, path);
    if (to !== undefined) rows.text('to_path')?.text(at, to);
    rows.text('name')?.often(at, call.name);
  }
}

export const fileEvents: TableSource = { open: (request, rows, count) => new FileEventScan(request, rows, count) };
