import { posix } from 'node:path';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Call } from './calls.ts';

interface Open {
  readonly what: string;
  readonly closeOnExec: boolean;
}

interface Process {
  files: Map<number, Open>;
  folder: string | undefined;
}

const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const SOCK_CLOEXEC = O_CLOEXEC;
const F = { dupfd: 0, setfd: 2, dupfdCloexec: 1030 } as const;

/** What each descriptor of each process meant at the moment of the step last fed, as far as the trace shows it. */
export class Descriptors {
  readonly #processes = new Map<number, Process>();

  /** `path`, `socket`, `pipe`, ...; undefined when it was opened before recording began. */
  name(tgid: number, fd: number): string | undefined {
    return this.#processes.get(tgid)?.files.get(fd)?.what;
  }

  /** The absolute path that a path argument names; undefined when its folder is not known. */
  resolve(tgid: number, folderFd: number, path: string): string | undefined {
    if (path.startsWith('/')) return posix.normalize(path);
    const folder = folderFd === AT_FDCWD ? this.#processes.get(tgid)?.folder : this.name(tgid, folderFd);
    return folder?.startsWith('/') ? posix.normalize(`${folder}/${path}`) : undefined;
  }

  /** Takes note of a process: a new one has what its parent has at this moment. */
  meet(identity: TaskIdentity | undefined): void {
    if (identity !== undefined) this.#process(identity);
  }

  /** Takes a call that has returned. */
  returned(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined) return;
    const process = this.#process(identity);
    if (call.outcome === 'value') this.#apply(process, identity.tgid, call, call.result | 0);
  }

  #process({ tgid, parent }: TaskIdentity): Process {
    let process = this.#processes.get(tgid);
    if (process === undefined) {
      const from = this.#processes.get(parent);
      process = { files: new Map(from?.files), folder: from?.folder };
      this.#processes.set(tgid, process);
    }
    return process;
  }

  #apply(process: Process, tgid: number, call: Call, result: number): void {
    const { files } = process;
    const open = (fd: number, what: string, closeOnExec: boolean): void => {
      files.set(fd, { what, closeOnExec });
    };
    switch (call.name) {
      case 'open':
      case 'creat':
        open(result, this.#path(tgid, AT_FDCWD, call, 0), (call.low(1) & O_CLOEXEC) !== 0);
        break;
      case 'openat':
        open(result, this.#path(tgid, call.low(0) | 0, call, 1), (call.low(2) & O_CLOEXEC) !== 0);
        break;
      case 'openat2':
        open(result, this.#path(tgid, call.low(0) | 0, call, 1), false);
        break;
      case 'close':
        files.delete(call.low(0));
        break;
      case 'close_range':
        for (const fd of [...files.keys()]) if (fd >= call.low(0) && fd <= call.low(1)) files.delete(fd);
        break;
      case 'dup':
      case 'dup2':
      case 'dup3':
        this.#duplicate(files, call.low(0), result, call.name === 'dup3' && (call.low(2) & O_CLOEXEC) !== 0);
        break;
      case 'fcntl':
      case 'fcntl64':
        if (call.low(1) === F.dupfd || call.low(1) === F.dupfdCloexec) {
          this.#duplicate(files, call.low(0), result, call.low(1) === F.dupfdCloexec);
        } else if (call.low(1) === F.setfd) {
          const file = files.get(call.low(0));
          if (file !== undefined) files.set(call.low(0), { ...file, closeOnExec: (call.low(2) & 1) !== 0 });
        }
        break;
      case 'pipe':
      case 'pipe2':
      case 'socketpair':
        this.#pair(files, call);
        break;
      case 'socket':
        open(result, 'socket', (call.low(1) & SOCK_CLOEXEC) !== 0);
        break;
      case 'accept':
      case 'accept4':
        open(result, 'socket', call.name === 'accept4' && (call.low(3) & SOCK_CLOEXEC) !== 0);
        break;
      case 'epoll_create':
      case 'epoll_create1':
        open(result, 'anon_inode:[eventpoll]', (call.low(0) & O_CLOEXEC) !== 0 && call.name === 'epoll_create1');
        break;
      case 'eventfd':
      case 'eventfd2':
        open(result, 'anon_inode:[eventfd]', call.name === 'eventfd2' && (call.low(1) & O_CLOEXEC) !== 0);
        break;
      case 'timerfd_create':
        open(result, 'anon_inode:[timerfd]', (call.low(1) & O_CLOEXEC) !== 0);
        break;
      case 'memfd_create':
        open(result, `/memfd:${text(call, 0) ?? '?'}`, (call.low(1) & 1) !== 0);
        break;
      case 'chdir':
        process.folder = this.resolve(tgid, AT_FDCWD, text(call, 0) ?? '');
        break;
      case 'fchdir':
        process.folder = files.get(call.low(0))?.what;
        break;
      case 'getcwd':
        process.folder = written(call, 0) ?? process.folder;
        break;
      case 'execve':
      case 'execveat':
        for (const [fd, file] of [...files]) if (file.closeOnExec) files.delete(fd);
        break;
    }
  }

  #path(tgid: number, folder: number, call: Call, argument: number): string {
    const path = text(call, argument);
    return path === undefined ? '?' : (this.resolve(tgid, folder, path) ?? path);
  }

  #duplicate(files: Map<number, Open>, from: number, to: number, closeOnExec: boolean): void {
    const file = files.get(from);
    if (file === undefined) files.delete(to);
    else files.set(to, { what: file.what, closeOnExec });
  }

  #pair(files: Map<number, Open>, call: Call): void {
    const argument = call.name === 'socketpair' ? 3 : 0;
    const capture = call.capture(argument, 'exit');
    if (capture === undefined || capture.length < 8) return;
    const what = call.name === 'socketpair' ? 'socket' : 'pipe';
    for (const at of [0, 4])
      files.set(capture.view.getInt32(capture.start + at, true), {
        what,
        closeOnExec: (call.low(1) & O_CLOEXEC) !== 0 && call.name !== 'pipe',
      });
  }
}

function text(call: Call, argument: number): string | undefined {
  const capture = call.capture(argument, 'entry');
  return capture === undefined ? undefined : Buffer.from(capture.bytes).toString('utf8');
}

function written(call: Call, argument: number): string | undefined {
  const capture = call.capture(argument, 'exit');
  if (capture === undefined) return undefined;
  const end = capture.bytes.indexOf(0);
  return Buffer.from(end < 0 ? capture.bytes : capture.bytes.subarray(0, end)).toString('utf8');
}
