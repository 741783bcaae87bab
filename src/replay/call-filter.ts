import { UsageError } from '../emu/errors.ts';
import { allSyscalls, type Syscall } from '../guest/linux/signature.ts';
import { ntNames } from '../guest/nt/calls.ts';
import type { Call } from './calls.ts';
import { TRAP_NAMES, type TrapName } from './traps/description.ts';
import type { Trap } from './traps/trap.ts';

/** What `-e` selects: calls by name, and by how they ended; other traps by their policies. */
export interface CallFilter {
  /** Names of the calls wanted, whichever table they are of; undefined: all. */
  readonly names: ReadonlySet<string> | undefined;
  readonly status: 'any' | 'successful' | 'failed' | 'unfinished';
  readonly signals: boolean;
  /** undefined: all, those that this version has no name for too. */
  readonly traps: ReadonlySet<TrapName> | undefined;
}

export const ALL_CALLS: CallFilter = { names: undefined, status: 'any', signals: true, traps: undefined };

// biome-ignore format: a table
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  process: ['clone', 'clone3', 'fork', 'vfork', 'execve', 'execveat', 'exit', 'exit_group', 'wait4', 'waitid', 'waitpid', 'kill', 'tkill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'pidfd_open', 'pidfd_send_signal', 'unshare', 'setns', 'arch_prctl'],
  network: ['socketcall', 'send', 'recv', 'recvmmsg_time64', 'sendfile64', 'socket', 'connect', 'accept', 'accept4', 'sendto', 'recvfrom', 'sendmsg', 'recvmsg', 'sendmmsg', 'recvmmsg', 'shutdown', 'bind', 'listen', 'getsockname', 'getpeername', 'socketpair', 'setsockopt', 'getsockopt', 'sendfile'],
  memory: ['mmap', 'mmap2', 'mprotect', 'munmap', 'brk', 'mremap', 'msync', 'mincore', 'madvise', 'mlock', 'mlock2', 'munlock', 'mlockall', 'munlockall', 'mbind', 'set_mempolicy', 'get_mempolicy', 'migrate_pages', 'move_pages', 'remap_file_pages', 'pkey_mprotect', 'process_madvise'],
  signal: ['signal', 'sigaction', 'sigprocmask', 'sigreturn', 'sigpending', 'sigsuspend', 'sgetmask', 'ssetmask', 'rt_sigtimedwait_time64', 'rt_sigaction', 'rt_sigprocmask', 'rt_sigreturn', 'rt_sigpending', 'rt_sigtimedwait', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'rt_sigsuspend', 'sigaltstack', 'kill', 'tkill', 'tgkill', 'pause', 'signalfd', 'signalfd4', 'pidfd_send_signal'],
  ipc: ['ipc', 'semtimedop_time64', 'shmget', 'shmat', 'shmctl', 'shmdt', 'semget', 'semop', 'semctl', 'semtimedop', 'msgget', 'msgsnd', 'msgrcv', 'msgctl'],
  creds: ['getuid', 'getuid32', 'geteuid', 'geteuid32', 'getgid', 'getgid32', 'getegid', 'getegid32', 'setuid', 'setuid32', 'setgid', 'setgid32', 'setreuid', 'setreuid32', 'setregid', 'setregid32', 'setresuid', 'setresuid32', 'setresgid', 'setresgid32', 'getresuid', 'getresuid32', 'getresgid', 'getresgid32', 'setfsuid', 'setfsuid32', 'setfsgid', 'setfsgid32', 'getgroups', 'getgroups32', 'setgroups', 'setgroups32', 'capget', 'capset', 'prctl'],
  clock: ['stime', 'clock_gettime64', 'clock_settime64', 'clock_getres_time64', 'clock_adjtime64', 'clock_nanosleep_time64', 'clock_gettime', 'clock_settime', 'clock_getres', 'clock_adjtime', 'clock_nanosleep', 'gettimeofday', 'settimeofday', 'time', 'adjtimex'],
};

const takes = (syscall: Syscall, ...formats: string[]): boolean =>
  syscall.arguments.some((argument) => formats.includes(argument.format));

/** Names of all calls, Linux's and NT's. */
const allNames = (): string[] => [...allSyscalls().map(({ name }) => name), ...ntNames()];

function classMembers(name: string): string[] {
  if (name === 'all') return allNames();
  const names = CLASSES[name];
  const inClass = (syscall: Syscall): boolean => {
    if (name === 'file') return takes(syscall, 'path') || syscall.name === 'getcwd';
    if (name === 'desc')
      return takes(syscall, 'fd', 'at') || syscall.result === 'fd' || takes(syscall, 'fdset', 'pollfd');
    return names?.includes(syscall.name) === true;
  };
  if (names === undefined && name !== 'file' && name !== 'desc') {
    throw new UsageError(
      `no class %${name} of system calls; there are %file %desc ${Object.keys(CLASSES)
        .map((key) => `%${key}`)
        .join(' ')}`,
    );
  }
  return allSyscalls().flatMap((syscall) => (inClass(syscall) ? [syscall.name] : []));
}

function selected(word: string): string[] {
  if (word.startsWith('%')) return classMembers(word.slice(1));
  if (word.startsWith('/')) {
    const pattern = parsePattern(word.slice(1));
    return allNames().filter((name) => pattern.test(name));
  }
  const optional = word.startsWith('?');
  const name = optional ? word.slice(1) : word;
  const numbered = allSyscalls().find(({ abi, number }) => abi === 'linux64' && String(number) === name);
  if (numbered !== undefined) return [numbered.name];
  if (allNames().includes(name)) return [name];
  if (optional) return [];
  if (name === 'all') return classMembers('all');
  if (name in CLASSES || name === 'file' || name === 'desc') return classMembers(name);
  throw new UsageError(`no system call named ${name}`);
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`/${text} is not a regular expression`);
  }
}

const STATUS = new Set(['successful', 'failed', 'unfinished']);

/**
 * Several `-e` expressions together: `trace=open,close`, `trace=%file`, `!read`, `status=failed`, `signal=none`,
 * `trap=port-io,cpuid`. Throws UserError.
 */
export function parseFilter(expressions: readonly string[]): CallFilter {
  let filter = ALL_CALLS;
  for (const expression of expressions) {
    const at = expression.indexOf('=');
    const kind = at < 0 ? 'trace' : expression.slice(0, at);
    const value = at < 0 ? expression : expression.slice(at + 1);
    if (kind === 'trace' || kind === 't') filter = { ...filter, names: parseNames(value) };
    else if (kind === 'status' && STATUS.has(value)) filter = { ...filter, status: value as CallFilter['status'] };
    else if (kind === 'signal' || kind === 's') filter = { ...filter, signals: value !== 'none' && value !== '!all' };
    else if (kind === 'trap') filter = { ...filter, traps: parseTraps(value) };
    else
      throw new UsageError(
        `-e ${expression}: use trace=NAMES, status=successful|failed|unfinished, signal=none or trap=NAMES`,
      );
  }
  return filter;
}

function parseNames(value: string): ReadonlySet<string> {
  const negated = value.startsWith('!');
  const list = negated ? value.slice(1) : value;
  const names = new Set<string>();
  if (list !== 'none') for (const word of list.split(',')) for (const name of selected(word)) names.add(name);
  if (!negated) return names;
  return new Set(allNames().filter((name) => !names.has(name)));
}

/** `all`, `none`, names of policies, or `!` and those that are not wanted. */
function parseTraps(value: string): CallFilter['traps'] {
  const negated = value.startsWith('!');
  const list = negated ? value.slice(1) : value;
  if (list === (negated ? 'none' : 'all')) return undefined;
  const words = list === 'all' ? TRAP_NAMES : list === 'none' ? [] : list.split(',').map(trapNamed);
  return new Set(negated ? TRAP_NAMES.filter((name) => !words.includes(name)) : words);
}

function trapNamed(word: string): TrapName {
  const name = TRAP_NAMES.find((each) => each === word);
  if (name === undefined)
    throw new UsageError(`no trap named ${word}; there are ${TRAP_NAMES.join(' ')}, all and none`);
  return name;
}

/** Whether a filter wants traps of this policy. */
export function wantsTrap({ traps }: CallFilter, policy: Trap['policy']): boolean {
  return traps === undefined || (policy !== 'unknown' && traps.has(policy));
}

/** Whether a filter wants calls of this name. */
export function wantsCall(filter: CallFilter, call: Call): boolean {
  return filter.names === undefined || filter.names.has(call.name);
}

/** Whether a filter wants a call that has ended, or never will. */
export function wantsOutcome(filter: CallFilter, call: Call): boolean {
  switch (filter.status) {
    case 'any':
      return true;
    case 'successful':
      return call.outcome === 'value';
    case 'failed':
      return call.failed;
    case 'unfinished':
      return call.outcome === 'pending' || call.outcome === 'never';
  }
}
