/**
 * The tables of a trace: the one place where their columns, types and units stand. Help, SQL views and exports are made
 * of it.
 *
 * Times are virtual nanoseconds since power-on, events are numbers in the trace from 0, icount is instructions retired
 * since power-on. A column is null where the trace does not tell.
 */

/** How a column is stored. `name` is text of a few fixed words. */
export type ColumnType = 'integer' | 'bigint' | 'address' | 'text' | 'name' | 'boolean' | 'bytes';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit?: 'ns' | 'bytes' | 'instructions' | 'event';
  readonly about: string;
}

export interface Table {
  readonly about: string;
  readonly columns: readonly Column[];
}

type Row = readonly [name: string, type: ColumnType, about: string, unit?: Column['unit']];
const columns = (...rows: readonly Row[]): Column[] =>
  rows.map(([name, type, about, unit]) => ({ name, type, about, ...(unit === undefined ? {} : { unit }) }));

// biome-ignore format: tables
const WHEN: readonly Row[] = [
  ['event',  'bigint',  'number of the event', 'event'],
  ['time',   'bigint',  'when it happened', 'ns'],
  ['icount', 'bigint',  'when it happened', 'instructions'],
  ['vcpu',   'integer', 'virtual processor'],
];
// biome-ignore format: tables
const WHO: readonly Row[] = [
  ['pid',  'integer', 'process'],
  ['tid',  'integer', 'thread'],
  ['comm', 'text',    "the thread's name then"],
];
const RIP: Row = ['rip', 'address', 'instruction that did it'];
/** Of traps that are no calls. */
const WHERE: readonly Row[] = [
  RIP,
  ['symbol', 'text', 'what that is part of: do_idle+0x1f, hook [module], libc.so.6+0x11a2b4, [heap], ...'],
];
// biome-ignore format: tables
const SPAN: readonly Row[] = [
  ['event',     'bigint', 'event that began it', 'event'],
  ['time',      'bigint', 'when it began', 'ns'],
  ['end_event', 'bigint', 'event that ended it', 'event'],
  ['end_time',  'bigint', 'when it ended', 'ns'],
];
const REGISTERS = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 rflags fs_base gs_base'.split(' ');

// biome-ignore format: tables
export const TABLES = {
  events: {
    about: 'everything that was recorded, one row an event',
    columns: columns(...WHEN, ...WHO,
      ['task', 'address', "the kernel's task pointer"],
      ['kind', 'name',    'call, return, task, cr3, interrupt, port-io, mmio, control, sensitive, rdtsc, cpuid, vmfunc, page-write, register, pages, exit, other'],
      ['name', 'name',    'system call that is entered or returned from'],
      ['cpl',  'integer', 'privilege level, 0 to 3'],
      RIP,
      ['cr3',  'address', 'page-table base'],
      ['text', 'text',    'what a trap that is no call tells'],
      ...REGISTERS.map((name): Row => [name, 'address', 'register'])),
  },
  syscalls: {
    about: 'system calls, entry and return together; in the order in which they end',
    columns: columns(
      ['event',        'bigint',  'its entry', 'event'],
      ['return_event', 'bigint',  'its return', 'event'],
      ['time',         'bigint',  'when it was entered', 'ns'],
      ['duration',     'bigint',  'from entry to return', 'ns'],
      ['icount',       'bigint',  'when it was entered', 'instructions'],
      ['vcpu',         'integer', 'virtual processor'],
      ...WHO,
      ['mechanism',    'name',    'syscall, sysenter, int80, int2e, int, callGate'],
      ['abi',          'name',    'linux64, linux32, unknown: whose numbers they are'],
      ['nr',           'integer', 'number'],
      ['name',         'name',    'name'],
      ['args',         'text',    'arguments as replay shows them, in full'],
      ['a0', 'address', 'first argument'], ['a1', 'address', 'second'], ['a2', 'address', 'third'],
      ['a3', 'address', 'fourth'], ['a4', 'address', 'fifth'], ['a5', 'address', 'sixth'],
      ['outcome',      'name',    'value, error, restart (interrupted), never (does not return), pending (at the end of the trace)'],
      ['ret',          'bigint',  'result; -1 of errors'],
      ['errno',        'name',    'error'],
      ['fd',           'integer', 'first descriptor that it is given'],
      ['fd_path',      'text',    'what that descriptor stood for at the return'],
      ['path',         'text',    'first path that it is given, absolute'],
      ['path2',        'text',    'second path'],
      RIP),
  },
  processes: {
    about: 'processes from when the trace first names them',
    columns: columns(
      ['pid',          'integer', 'process'],
      ['ppid',         'integer', 'its parent then'],
      ['comm',         'text',    'its last name'],
      ['path',         'text',    'the program that it executed last'],
      ['command',      'text',    'with its arguments'],
      ...SPAN,
      ['exit_status',  'integer', '0 to 255'],
      ['exit_signal',  'integer', 'signal that ended it'],
      ['threads',      'integer', 'threads that it had'],
      ['executions',   'integer', 'programs that it executed'],
      ['recorded',     'boolean', 'it belongs to the recorded command']),
  },
  executions: {
    about: 'programs that processes became, in order',
    columns: columns(
      ['pid',     'integer', 'process'],
      ['number',  'integer', '1 for the first of the process'],
      ['event',   'bigint',  'the execve', 'event'],
      ['time',    'bigint',  'when', 'ns'],
      ['path',    'text',    'program'],
      ['command', 'text',    'arguments']),
  },
  threads: {
    about: 'threads from when the trace first names them',
    columns: columns(
      ['tid',  'integer', 'thread'],
      ['pid',  'integer', 'process'],
      ['comm', 'text',    'its last name'],
      ['task', 'address', "the kernel's task pointer"],
      ...SPAN,
      ['exit_status', 'integer', '0 to 255']),
  },
  page_writes: {
    about: 'writes to watched memory (--traps page-write), and pages that tasks dirtied (--traps pages)',
    columns: columns(...WHEN, ...WHO,
      ['kind',     'name',    'write: one to watched memory; page: a page that a task dirtied in its turn; content: what a dirtied page holds when the interval ends, no write'],
      ['watch',    'text',    'the watch, as it was given'],
      ['source',   'name',    'instruction, delivery (of an interrupt), pageWalk, device, task; interval: no write, see kind'],
      ...WHERE,
      ['address',  'address', "guest-virtual; of pages that of the first write, a program's own before the kernel's"],
      ['address_symbol', 'text', 'what that is part of'],
      ['watched_address', 'address', 'the watched one, if memory of a program was written by another'],
      ['physical', 'address', 'guest-physical'],
      ['size',     'integer', 'bytes written; 4096 of pages', 'bytes'],
      ['before',   'text',    'bytes before the write, hexadecimal'],
      ['after',    'text',    'bytes after it, hexadecimal'],
      ['changed',  'boolean', 'the content differs from what was known of it before, or the page was not recorded lately; NULL: told by the next row of this page that has it'],
      ['content',  'bytes',   'of pages that changed: what they hold now']),
  },
  interrupts: {
    about: 'interrupts from outside (--traps interrupt)',
    columns: columns(...WHEN, ...WHO,
      ['vector', 'integer', 'vector'],
      ['name',   'text',    "the kernel's use of it"],
      ['cpl',    'integer', 'privilege level that it interrupted'],
      ...WHERE),
  },
  port_io: {
    about: 'port accesses (--traps port-io)',
    columns: columns(...WHEN, ...WHO,
      ['port',      'integer', 'port'],
      ['size',      'integer', 'bytes of one access', 'bytes'],
      ['direction', 'name',    'in, out'],
      ['value',     'address', 'what was read or written'],
      ['device',    'text',    'who answers there'],
      ...WHERE),
  },
  mmio: {
    about: 'accesses to device windows in memory (--traps mmio)',
    columns: columns(...WHEN, ...WHO,
      ['physical',  'address', 'guest-physical'],
      ['size',      'integer', 'bytes', 'bytes'],
      ['direction', 'name',    'read, write'],
      ['value',     'address', 'what was read or written'],
      ['device',    'text',    'who answers there'],
      ...WHERE),
  },
  registers: {
    about: 'changes of watched registers (--traps register)',
    columns: columns(...WHEN, ...WHO,
      ['watch',    'text',    'the watch, as it was given'],
      ['register', 'text',    'its name'],
      ['before',   'address', 'value before'],
      ['after',    'address', 'value after'],
      ...WHERE),
  },
  control: {
    about: 'loads of control registers, MSRs and descriptor tables (--traps control)',
    columns: columns(...WHEN, ...WHO,
      ['register', 'text',    'what was loaded'],
      ['value',    'address', 'with what'],
      ['value_symbol', 'text', 'what that is the address of, in the kernel'],
      ['limit_',   'integer', 'limit of a descriptor table'],
      ...WHERE),
  },
  sensitive: {
    about: 'instructions that tell of the processor without trapping (--traps sensitive)',
    columns: columns(...WHEN, ...WHO,
      ['instruction', 'text',    'mnemonic'],
      ['bytes',       'text',    'the instruction, hexadecimal'],
      ['cpl',         'integer', 'privilege level'],
      ...WHERE),
  },
  triggers: {
    about: 'VMFUNC (--traps vmfunc)',
    columns: columns(...WHEN, ...WHO,
      ['leaf', 'integer', '0 switches views, others are triggers'],
      ['text', 'text',    'what it carried and what was looked at'],
      ...WHERE),
  },
  files: {
    about: 'what descriptors stood for, from when to when',
    columns: columns(
      ['pid',       'integer', 'process'],
      ['tid',       'integer', 'thread that has it alone (unshare); null: all of the process'],
      ['comm',      'text',    'its name then'],
      ['fd',        'integer', 'descriptor'],
      ['kind',      'name',    'file, socket, pipe, anon, memfd, other'],
      ['path',      'text',    'path, or what it is'],
      ['flags',     'text',    'flags that it was opened with'],
      ['description', 'bigint', 'number of the open file: descriptors that share it have the same'],
      ['opened_by', 'text',    'call that made it; fork, unshare, execve: it was inherited'],
      ['closed_by', 'text',    'call that ended it; null: it was still open'],
      ['cloexec',   'boolean', 'it is closed by an execve'],
      ...SPAN),
  },
  sockets: {
    about: 'sockets of processes, with whom they talked',
    columns: columns(
      ['pid',       'integer', 'process'],
      ['tid',       'integer', 'thread that has it alone (unshare); null: all of the process'],
      ['comm',      'text',    'its name then'],
      ['fd',        'integer', 'descriptor'],
      ['family',    'text',    'AF_INET, AF_UNIX, ...'],
      ['type',      'text',    'SOCK_STREAM, ...'],
      ['local',     'text',    'its own address'],
      ['peer',      'text',    "the other side's"],
      ['opened_by', 'text',    'call that made it'],
      ['sent',      'bigint',  'by calls on this descriptor', 'bytes'],
      ['received',  'bigint',  'by calls on this descriptor', 'bytes'],
      ['description', 'bigint', 'number of the open socket'],
      ...SPAN),
  },
  file_events: {
    about: 'files and directories created, opened for writing, removed, renamed and changed, with full paths',
    columns: columns(...WHEN, ...WHO,
      ['action', 'name', 'created, opened-for-writing, removed, renamed, exchanged, linked, truncated, changed'],
      ['certain', 'boolean', 'false: a file that was created may have been there before'],
      ['what',   'name', 'file, directory, link, node, socket'],
      ['path',   'text', 'absolute path'],
      ['to_path', 'text', 'the new one, the one that it was exchanged with, or what a link leads to'],
      ['name',   'name', 'the call']),
  },
  modules: {
    about: 'kernel modules loaded and removed by system calls',
    columns: columns(...WHEN, ...WHO,
      ['action', 'name', 'loaded, removed'],
      ['module', 'text', 'name or file'],
      ['parameters', 'text', 'as they were given'],
      ['errno',  'name', 'why it failed; null: it did not']),
  },
} as const satisfies Readonly<Record<string, Table>>;

export type TableName = keyof typeof TABLES;
