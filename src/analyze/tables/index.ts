import type { TableName } from '../schema.ts';
import { files, sockets } from './descriptors.ts';
import { events } from './events.ts';
import { fileEvents } from './file-events.ts';
import { executions, processes, threads } from './lifetimes.ts';
import { modules } from './modules.ts';
import { pageWrites } from './page-writes.ts';
import type { TableSource } from './scan.ts';
import { syscalls } from './syscalls.ts';
import { trapTable } from './traps.ts';

/** Where the rows of each table come from. */
export const SOURCES: Readonly<Record<TableName, TableSource>> = {
  events,
  syscalls,
  processes,
  executions,
  threads,
  page_writes: pageWrites,
  interrupts: trapTable('interrupts', 'interrupt'),
  port_io: trapTable('port_io', 'port-io'),
  mmio: trapTable('mmio', 'mmio'),
  registers: trapTable('registers', 'register'),
  control: trapTable('control', 'control'),
  sensitive: trapTable('sensitive', 'sensitive'),
  triggers: trapTable('triggers', 'vmfunc'),
  files,
  sockets,
  file_events: fileEvents,
  modules,
};
