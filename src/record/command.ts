import { existsSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { UsageError, UserError } from '../emu/errors.ts';
import { VCPU } from '../emu/layout.ts';
import type { CommandOptions, KernelOptions, RecordOptions } from './options.ts';
import { record } from './recording.ts';
import { DEFAULT_TRAPS, FILE_EVENTS, TRAP_POLICIES } from './traps/index.ts';
import type { TrapPolicy } from './traps/policy.ts';
import { DEFAULT_LIMITS } from './traps/syscall-captures.ts';
import { parseWatch, WATCH_FILTERS, WATCH_FORMS, type WatchSpec, watchClass } from './traps/watch-spec.ts';

interface RecordFlags {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append?: string;
  readonly disk?: string;
  readonly memory: string;
  readonly traps: string;
  readonly watch?: string[];
  readonly share?: string[];
  readonly rootfs?: string;
  readonly collect?: string[];
  readonly linger?: string;
  readonly output?: string;
  readonly capture: string;
  readonly cpu: RecordOptions['vendor'];
  readonly cpus: string;
  readonly env?: string[];
  readonly chdir?: string;
  readonly seed?: string;
  readonly clock?: string;
  readonly cache: boolean;
  readonly snapshot?: boolean;
  readonly quiet?: boolean;
}

const gather = (value: string, before: string[] = []): string[] => [...before, value];

/** `record`: runs a command in a guest, or a kernel alone, and records its system calls. Throws UserError. */
export function recordCommand(): Command {
  return new Command('record')
    .description('run a command in a stock Linux guest, or a kernel alone, and record system calls from outside')
    .argument('[command...]', 'the command and its arguments, after --; without one --kernel is booted alone')
    .option('--kernel <file>', "the guest's kernel; without it the newest of /boot, else Debian's, fetched once")
    .option('--initrd <file>', 'initial ramdisk of a kernel that is booted alone')
    .option('--append <text>', "added to the kernel's command line")
    .option('--disk <image>', 'a raw disk image as /dev/vda, never written to; a kernel alone needs its virtio driver')
    .option('--memory <size>', 'guest memory, like 512M or 2G', '512M')
    .option(
      '--traps <list>',
      `what is trapped: ${names([...TRAP_POLICIES, FILE_EVENTS])}, all or none`,
      names(DEFAULT_TRAPS, ','),
    )
    .option('--watch <spec>', 'memory or a register to be watched, see below (repeatable)', gather)
    .option('--share <dir[:at]>', 'a folder of the host that the guest sees, read-only (repeatable)', gather)
    .option('--rootfs <dir|none>', "the guest's root instead of the host's program folders")
    .option('--collect <path[:to]>', 'a file or folder to bring out of the guest at the end (repeatable)', gather)
    .option('--linger <seconds>', 'go on so long, in guest time, while processes that the command left still run')
    .option('-o, --output <file>', 'the trace (default: NAME.trap after the command)')
    .option('--capture <bytes>', 'bytes kept of each buffer that a call passes', String(DEFAULT_LIMITS.data))
    .addOption(
      new Option('--cpu <vendor>', 'what the processor calls itself')
        .choices(['AuthenticAMD', 'GenuineIntel'])
        .default('AuthenticAMD'),
    )
    .option('--cpus <number>', `virtual CPUs, 1 to ${VCPU.most}; they take turns`, '1')
    .option(
      '--env <name[=value]>',
      "set or, without value, pass a variable; once given, nothing else of the host's environment is passed (repeatable)",
      gather,
    )
    .option('--chdir <dir>', 'working folder of the command')
    .option('--seed <text>', "make the guest's random bytes repeatable")
    .option('--clock <seconds>', "the guest's clock at the start of the command, seconds since 1970")
    .option('--no-cache', 'boot anew instead of going on from a cached boot')
    .option('--snapshot', 'put the start state into the trace: views then need nothing but the file')
    .option('-q, --quiet', 'only the command speaks')
    .action(async (command: string[], flags: RecordFlags) => {
      process.exitCode = await record(recordOptions(command, flags));
    })
    .addHelpText(
      'after',
      () =>
        `\nTraps:\n${table([...TRAP_POLICIES, FILE_EVENTS].map(({ name, about }) => [name, about]))}\n` +
        `\nWatches, each with any of ${WATCH_FILTERS} behind it:\n${table(WATCH_FORMS)}`,
    );
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`).join('\n');
}

function recordOptions(command: string[], flags: RecordFlags): RecordOptions {
  const watches = (flags.watch ?? []).map(parseWatch);
  return {
    workload: command.length > 0 ? commandOptions(command, flags) : kernelOptions(flags),
    memory: memorySize(flags.memory),
    vendor: flags.cpu,
    processors: number(flags.cpus, '--cpus', 1, VCPU.most),
    disk: flags.disk,
    traps: traps(flags.traps, watches),
    watches,
    output: outputName(flags.output, command[0] ?? flags.kernel!),
    captureLimit: number(flags.capture, '--capture', 0, 65536),
    seed: flags.seed,
    startTime: flags.clock === undefined ? undefined : 1000 * number(flags.clock, '--clock', 0, 2 ** 40),
    cache: flags.cache,
    snapshot: flags.snapshot === true,
    quiet: flags.quiet === true,
  };
}

function commandOptions(command: string[], flags: RecordFlags): CommandOptions {
  const { kernel, append, rootfs, share, collect, linger } = flags;
  if (flags.initrd !== undefined)
    throw new UsageError('--initrd goes with a kernel alone; with a command it is made on the spot');
  return {
    kind: 'command',
    world: {
      command,
      environment: environment(flags.env),
      directory: workingFolder(flags),
      ...(kernel === undefined ? {} : { kernel }),
      ...(append === undefined ? {} : { append }),
      ...(rootfs === undefined ? {} : { rootfs }),
      ...(share === undefined ? {} : { shares: share }),
      ...(collect === undefined ? {} : { collect }),
      ...(linger === undefined ? {} : { linger: number(linger, '--linger', 0, MOST_LINGER) }),
    },
  };
}

function workingFolder({ chdir, rootfs, share }: RecordFlags): string {
  if (chdir === undefined) return process.cwd();
  const folder = resolve(chdir);
  // Another root, or a share with a place of its own, may have it.
  const known =
    rootfs !== undefined || share !== undefined || statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  if (!known) throw new UserError(`--chdir ${chdir}: there is no such folder`);
  return folder;
}

const FOR_COMMANDS = ['rootfs', 'share', 'collect', 'env', 'chdir', 'linger'] as const;
/** Eleven days; init counts milliseconds in 32 bits. */
const MOST_LINGER = 1_000_000;

function kernelOptions(flags: RecordFlags): KernelOptions {
  const { kernel, initrd, append = '' } = flags;
  if (kernel === undefined)
    throw new UsageError('nothing to run: trapline record -- CMD ARG..., or record --kernel FILE [--initrd FILE]');
  const wrong = FOR_COMMANDS.find((name) => flags[name] !== undefined);
  if (wrong !== undefined) throw new UsageError(`--${wrong} needs a command: trapline record -- CMD ARG...`);
  return { kind: 'kernel', kernel, initrd, commandLine: append };
}

function environment(wanted: readonly string[] | undefined): Record<string, string | undefined> {
  if (wanted === undefined) return { ...process.env };
  return Object.fromEntries(
    wanted.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, process.env[text]] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const LEAST_MEMORY = 64 << 20;
const MOST_MEMORY = 3 * 2 ** 30;

function memorySize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMG]?)i?B?$/i.exec(text);
  const bytes = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!.toUpperCase()]!;
  if (!(bytes >= LEAST_MEMORY && bytes <= MOST_MEMORY))
    throw new UsageError(`--memory ${text}: use a size from 64M to 3G`);
  return Math.floor(bytes / 4096) * 4096;
}

/** The policies of the list, and those that a watch asks for. */
function traps(text: string, watches: readonly WatchSpec[]): readonly TrapPolicy[] {
  const asked = (policy: TrapPolicy): boolean => watches.some((spec) => watchClass(spec) === policy.operand);
  const complete = (policy: TrapPolicy): boolean =>
    policy.operand === undefined || policy.operandOptional === true || asked(policy);
  if (text === 'all') return TRAP_POLICIES.filter(complete);
  const chosen = listed(text);
  for (const policy of chosen) {
    if (!complete(policy))
      throw new UsageError(`--traps ${policy.name} needs a --watch that says which ${policy.operand}`);
  }
  return TRAP_POLICIES.filter((policy) => chosen.includes(policy) || asked(policy));
}

function listed(text: string): readonly TrapPolicy[] {
  if (text === 'none') return [];
  return text.split(',').flatMap((name) => {
    if (name === FILE_EVENTS.name) return DEFAULT_TRAPS;
    const policy = TRAP_POLICIES.find((one) => one.name === name);
    if (policy === undefined)
      throw new UsageError(
        `--traps ${name}: no such trap; there are ${names([...TRAP_POLICIES, FILE_EVENTS])}, all and none`,
      );
    return policy;
  });
}

function names(policies: readonly Pick<TrapPolicy, 'name'>[], between = ', '): string {
  return policies.map(({ name }) => name).join(between);
}

function number(text: string, flag: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`${flag} ${text}: use a whole number from ${least} to ${most}`);
  return value;
}

/** Nothing recorded is ever overwritten. */
function outputName(wanted: string | undefined, command: string): string {
  if (wanted === undefined) return freeName(command);
  const there = statSync(wanted, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw new UserError(`-o ${wanted}: this is a folder; the trace is a file`);
  if (there !== undefined && !there.isCharacterDevice()) {
    throw new UserError(`${wanted} exists already; remove it or choose another name with -o`);
  }
  return wanted;
}

/** A name after the command that is not taken. */
function freeName(command: string): string {
  const name = basename(command).replace(/[^\w.+-]/g, '_') || 'trace';
  for (let i = 1; ; i++) {
    const path = `${name}${i === 1 ? '' : `-${i}`}.trap`;
    if (!existsSync(path)) return path;
  }
}
