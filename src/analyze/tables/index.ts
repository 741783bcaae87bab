import type { TraceModel } from '../model/trace-model.ts';
import type { TableName } from '../schema.ts';
import { needsArguments, plainCalls } from './plain-calls.ts';
import type { TableSource } from './scan.ts';

/** Columns that are looked at; undefined: any. */
type Columns = ReadonlySet<string> | undefined;
type Load = (columns: Columns, model: TraceModel) => Promise<TableSource>;

const trapTable =
  (...names: Parameters<typeof import('./traps.ts').trapTable>): Load =>
  async () =>
    (await import('./traps.ts')).trapTable(...names);

/** Where the rows of each table come from: loaded when somebody asks, for it takes longer than many an answer. */
// biome-ignore format: a table
const LOADERS: Readonly<Record<TableName, Load>> = {
  events:      async () => (await import('./events.ts')).events,
  syscalls:    async (columns, model) =>
    needsArguments(columns, model) ? (await import('./syscalls.ts')).syscalls : plainCalls,
  processes:   async () => (await import('./lifetimes.ts')).processes,
  executions:  async () => (await import('./lifetimes.ts')).executions,
  threads:     async () => (await import('./lifetimes.ts')).threads,
  page_writes: async () => (await import('./page-writes.ts')).pageWrites,
  interrupts:  trapTable('interrupts', 'interrupt'),
  port_io:     trapTable('port_io', 'port-io'),
  mmio:        trapTable('mmio', 'mmio'),
  registers:   trapTable('registers', 'register'),
  control:     trapTable('control', 'control'),
  sensitive:   trapTable('sensitive', 'sensitive'),
  triggers:    trapTable('triggers', 'vmfunc'),
  files:       async () => (await import('./descriptors.ts')).files,
  sockets:     async () => (await import('./descriptors.ts')).sockets,
  file_events: async () => (await import('./file-events.ts')).fileEvents,
  modules:     async () => (await import('./modules.ts')).modules,
};

/** What gives the rows of a table, of these columns at least. */
export function loadSource(name: TableName, columns: Columns, model: TraceModel): Promise<TableSource> {
  return LOADERS[name](columns, model);
}
