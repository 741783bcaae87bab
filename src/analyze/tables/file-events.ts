import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { callKeys } from '../model/call-keys.ts';
import { fileArguments, givenPath, givenText } from './call-arguments.ts';
import { CallScan } from './call-scan.ts';
import { FILE_ACTIONS, type FileEffect } from './file-actions.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { ScanCount, ScanRequest, TableSource } from './scan.ts';
import { EventColumns } from './who.ts';

const ENOENT = 2;
/** Calls that change files, and those from which it is known whether one is there. */
const CALLS = callKeys(
  ({ name, arguments: all }) => FILE_ACTIONS.has(name) || all.some(({ format }) => format === 'path'),
);

class FileEventScan extends CallScan {
  readonly #event: EventColumns;
  /** Whether a path was there when it was last seen or looked for. */
  readonly #there = new Map<string, boolean>();

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
    const path = (index: number) => givenPath(call, index, identity.tgid, descriptors);
    const first = path(0);
    if (call.outcome === 'error' && call.errno === ENOENT && first !== undefined) this.#there.set(first, false);
    if (call.outcome !== 'value') return;
    const effect = FILE_ACTIONS.get(call.name)?.(call);
    if (effect === undefined) {
      if (first !== undefined) this.#there.set(first, true);
      return;
    }
    const { fd } = fileArguments(call);
    const meaning = fd === undefined ? undefined : descriptors.name(identity.tgid, call.low(fd) | 0);
    const subject = effect.path === 'fd' ? meaning : path(effect.path);
    const to = effect.to === 'text' ? givenText(call, 0) : effect.to === undefined ? undefined : path(effect.to);
    if (subject !== undefined) this.#put(call, effect, subject, to, rows);
  }

  #put(call: Call, effect: FileEffect, path: string, to: string | undefined, rows: RowBuffer): void {
    const before = this.#there.get(path);
    const opened = effect.action === 'created' && effect.fresh !== true && before === true;
    this.#note(effect, path, to);
    const at = rows.next();
    this.#event.put(at, call.chunk, call.row);
    rows.text('action')?.often(at, opened ? 'opened-for-writing' : effect.action);
    rows.truth('certain')?.put(at, effect.action !== 'created' || effect.fresh === true || before !== undefined);
    if (effect.what !== undefined) rows.text('what')?.often(at, effect.what);
    rows.text('path')?.text(at, path);
    if (to !== undefined) rows.text('to_path')?.text(at, to);
    rows.text('name')?.often(at, call.name);
  }

  #note({ action, to: kind }: FileEffect, path: string, to: string | undefined): void {
    this.#there.set(path, action !== 'removed' && action !== 'renamed');
    if (to !== undefined && kind !== 'text') this.#there.set(to, true);
  }
}

export const fileEvents: TableSource = { open: (request, rows, count) => new FileEventScan(request, rows, count) };
