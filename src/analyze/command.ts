import { Command, Option } from 'commander';
import { UsageError, UserError } from '../emu/errors.ts';
import { NotKnown } from '../guest/linux/views/kernel.ts';
import { printable } from '../replay/printable.ts';
import { recordedKernel } from '../replay/start-state.ts';
import { readKernelFile } from '../world/vmlinux.ts';
import type { GuestView } from './guest-view.ts';
import { type Format, type Row, writeRows } from './rows.ts';
import { TraceGuest } from './trace-guest.ts';

interface ViewFlags {
  readonly at?: string;
  readonly pid?: string;
  readonly threads?: boolean;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly format: Format;
}

/** What a verb shows: rows with the columns of its table, and what could not be read. */
interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

interface Verb {
  readonly name: string;
  readonly description: string;
  readonly perProcess?: boolean;
  readonly answer: (view: GuestView, flags: ViewFlags) => Answer;
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
const list = (words: readonly string[]): string => words.join(',');
const pidOf = ({ pid }: ViewFlags): number | undefined => {
  if (pid === undefined) return undefined;
  if (!/^\d+$/.test(pid)) throw new UsageError(`--pid ${pid}: a number is wanted`);
  return Number(pid);
};

const VERBS: readonly Verb[] = [
  {
    name: 'os',
    description: 'which system runs in the guest, and what the answer rests on',
    answer: (view) => {
      const { family, version, evidence } = view.os;
      return {
        columns: ['system', 'evidence'],
        rows: evidence.map((line, i) => ({ system: i === 0 ? `${family} ${version}`.trim() : '', evidence: line })),
        notes: [],
      };
    },
  },
  {
    name: 'ps',
    description: "the guest's processes; hidden ones are found by other ways and marked",
    answer: processes,
  },
  { name: 'modules', description: "the kernel's modules; hidden ones are marked", answer: modules },
  { name: 'files', description: 'open files of processes', perProcess: true, answer: files },
  { name: 'sockets', description: 'open sockets of processes', perProcess: true, answer: sockets },
  { name: 'maps', description: 'mappings of processes', perProcess: true, answer: maps },
  {
    name: 'hooks',
    description: "system-call tables, IDT, entry registers and kernel code against the kernel's own file",
    answer: (view) => {
      const { hooks, notes } = view.integrity;
      const rows = hooks.map(({ address, ...rest }) => ({ ...rest, address: hex(address) }));
      return { columns: ['where', 'address', 'symbol', 'owner', 'detail'], rows, notes };
    },
  },
];

function processes(view: GuestView, { threads }: ViewFlags): Answer {
  const { tasks, notes } = view.processes;
  const shown = tasks.filter(({ pid, tgid, hiddenFrom }) => threads || pid === tgid || hiddenFrom.length > 0);
  const rows = shown.map((task) => ({
    pid: task.pid,
    ...(threads ? { tgid: task.tgid } : {}),
    ppid: task.ppid,
    uid: task.uid,
    state: task.state,
    start: `${(Number(task.startTime) / 1e9).toFixed(2)}s`,
    comm: task.comm,
    command: task.kernelThread ? `[${task.comm}]` : task.commandLine?.join(' '),
    executable: task.executable,
    found: list(task.foundBy),
    hidden: hiding(task.hiddenFrom),
    task: hex(task.address),
  }));
  const id = threads ? ['pid', 'tgid', 'ppid'] : ['pid', 'ppid'];
  return { columns: [...id, 'uid', 'state', 'start', 'comm', 'found', 'hidden', 'command'], rows, notes };
}

const hiding = (sources: readonly string[]): string => (sources.length === 0 ? '' : `HIDDEN from ${list(sources)}`);

function modules(view: GuestView): Answer {
  const { modules: all, notes } = view.modules;
  const rows = all.map((module) => ({
    name: module.name,
    size: module.size,
    used: module.references,
    state: module.state,
    address: hex(module.text.start),
    found: list(module.foundBy),
    hidden: hiding(module.hiddenFrom),
  }));
  return { columns: ['name', 'size', 'used', 'state', 'address', 'found', 'hidden'], rows, notes };
}

function files(view: GuestView, flags: ViewFlags): Answer {
  const { rows: all, notes } = view.files(pidOf(flags));
  const rows = all.map(({ process, item }) => ({
    pid: process.pid,
    comm: process.comm,
    fd: item.fd,
    flags: `0${item.flags.toString(8)}`,
    offset: item.offset,
    inode: item.inode,
    filesystem: item.filesystem,
    path: item.path,
  }));
  return { columns: ['pid', 'comm', 'fd', 'flags', 'offset', 'inode', 'filesystem', 'path'], rows, notes };
}

function sockets(view: GuestView, flags: ViewFlags): Answer {
  const { rows: all, notes } = view.sockets(pidOf(flags));
  const rows = all.map(({ process, item }) => ({ pid: process.pid, comm: process.comm, ...item }));
  const columns = ['pid', 'comm', 'fd', 'family', 'type', 'protocol', 'state', 'local', 'remote', 'inode'];
  return { columns, rows, notes };
}

function maps(view: GuestView, flags: ViewFlags): Answer {
  const { rows: all, notes } = view.maps(pidOf(flags));
  const rows = all.map(({ process, item }) => ({
    pid: process.pid,
    start: hex(item.start),
    end: hex(item.end),
    permissions: item.permissions,
    offset: hex(item.offset),
    inode: item.inode,
    name: item.name,
  }));
  return { columns: ['pid', 'start', 'end', 'permissions', 'offset', 'inode', 'name'], rows, notes };
}

/** `os`, `ps`, `modules`, `files`, `sockets`, `maps`, `hooks`: a trace's guest at any moment. They throw UserError. */
export function viewCommands(): Command[] {
  return VERBS.map((verb) => {
    const command = new Command(verb.name)
      .description(verb.description)
      .argument('<file>', 'the trace')
      .option('--at <t>', 'the moment: an instruction count, a time (1.25s) or an event (#1234); the end by default')
      .option('--kernel <file>', "the guest's kernel, where it is not found by itself")
      .option('--initrd <file>', 'its initial ramdisk (of a trace made by record --kernel)')
      .addOption(new Option('--format <format>', 'how it is written').choices(['table', 'jsonl']).default('table'));
    if (verb.perProcess) command.option('-p, --pid <pid>', 'of this process only');
    if (verb.name === 'ps') command.option('--threads', 'all threads');
    return command.action((file: string, flags: ViewFlags) => show(verb, file, flags));
  });
}

function show(verb: Verb, file: string, flags: ViewFlags): void {
  const note = (line: string): void => void process.stderr.write(`trapline: ${printable(line)}\n`);
  const guest = new TraceGuest(file, { kernel: flags.kernel, initrd: flags.initrd, note });
  try {
    const kernelFile = verb.name === 'hooks' ? kernelOf(guest, flags, note) : undefined;
    const { rows, columns, notes } = verb.answer(guest.at(flags.at, { kernelFile }), flags);
    writeRows(rows, columns, flags.format);
    for (const line of notes) note(line);
  } catch (error) {
    throw error instanceof NotKnown ? new UserError(error.message) : error;
  } finally {
    guest.close();
  }
}

function kernelOf({ reader }: TraceGuest, { kernel }: ViewFlags, note: (line: string) => void) {
  try {
    const { bytes, path } = recordedKernel(reader.header, { kernel, note });
    return readKernelFile(bytes, path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    note(error.message);
    return undefined;
  }
}
