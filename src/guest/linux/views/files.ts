import { type KernelStructures, orNote } from './kernel.ts';
import { filePath, filesystemOf } from './paths.ts';

/** An open file of a process. */
export interface OpenFile {
  readonly fd: number;
  /** As /proc/PID/fd shows it. */
  readonly path: string;
  /** O_ flags. */
  readonly flags: number;
  /** Bytes. */
  readonly offset: bigint;
  readonly inode: bigint;
  /** Type and permissions, as stat's st_mode. */
  readonly mode: number;
  /** The filesystem's type. */
  readonly filesystem: string;
  /** Its `struct file`. */
  readonly address: bigint;
}

export interface OpenFileList {
  readonly files: readonly OpenFile[];
  readonly notes: readonly string[];
}

/** Descriptors of a task (address of its task_struct), ascending. */
export function readFiles(kernel: KernelStructures, task: bigint): OpenFileList {
  const notes: string[] = [];
  const files = orNote(notes, 'files', () => [...openFiles(kernel, task, notes)]) ?? [];
  return { files, notes };
}

function* openFiles(kernel: KernelStructures, task: bigint, notes: string[]): Generator<OpenFile> {
  const files = kernel.value(task, 'task_struct', 'files');
  if (files === 0n) return;
  const table = kernel.value(files, 'files_struct', 'fdt');
  const count = kernel.number(table, 'fdtable', 'max_fds');
  const first = kernel.value(table, 'fdtable', 'fd');
  for (let fd = 0; fd < count; fd++) {
    const file = kernel.word(first + BigInt(kernel.memory.pointerBytes * fd));
    if (file === 0n) continue;
    const open = orNote(notes, `descriptor ${fd}`, () => readFile(kernel, fd, file));
    if (open !== undefined) yield open;
  }
}

function readFile(kernel: KernelStructures, fd: number, file: bigint): OpenFile {
  const inode = kernel.value(file, 'file', 'f_inode');
  return {
    fd,
    path: filePath(kernel, file),
    flags: kernel.number(file, 'file', 'f_flags'),
    offset: kernel.value(file, 'file', 'f_pos'),
    inode: kernel.value(inode, 'inode', 'i_ino'),
    mode: kernel.number(inode, 'inode', 'i_mode'),
    filesystem: filesystemOf(kernel, inode),
    address: file,
  };
}
