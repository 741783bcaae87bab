import { errnoOf } from '../../guest/linux/tables/errno.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { callKeysOf } from '../model/call-keys.ts';
import { givenText } from './call-arguments.ts';
import { CallScan } from './call-scan.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { ScanCount, ScanRequest, TableSource } from './scan.ts';
import { EventColumns } from './who.ts';

const NAMES = ['init_module', 'finit_module', 'delete_module'];
const CALLS = callKeysOf(NAMES);

class ModuleScan extends CallScan {
  readonly #event: EventColumns;

  constructor(request: ScanRequest, rows: RowBuffer, count: ScanCount) {
    const columns = { arguments: true, times: true };
    super(request, count, { columns, descriptors: rows.wants('module'), calls: CALLS, identities: true });
    this.#event = new EventColumns(rows, () => this.model.history);
  }

  protected override call(call: Call, identity: TaskIdentity | undefined, rows: RowBuffer): void {
    if (!NAMES.includes(call.name)) return;
    const at = rows.next();
    this.#event.put(at, call.chunk, call.row);
    const removes = call.name === 'delete_module';
    rows.text('action')?.often(at, removes ? 'removed' : 'loaded');
    const module = removes ? givenText(call, 0) : this.#file(call, identity);
    if (module !== undefined) rows.text('module')?.text(at, module);
    const parameters = removes ? undefined : givenText(call, call.name === 'init_module' ? 2 : 1);
    if (parameters !== undefined) rows.text('parameters')?.text(at, parameters);
    if (call.failed) rows.text('errno')?.often(at, errnoOf(call.errno)?.name ?? String(call.errno));
  }

  /** The file that a descriptor stands for; of a module in memory there is none. */
  #file(call: Call, identity: TaskIdentity | undefined): string | undefined {
    if (call.name !== 'finit_module' || identity === undefined) return undefined;
    return this.reconstruction.descriptors?.name(identity, call.low(0) | 0);
  }
}

export const modules: TableSource = { open: (request, rows, count) => new ModuleScan(request, rows, count) };
