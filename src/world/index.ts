import { hostname, userInfo } from 'node:os';
import type { CpioEntry } from '../emu/boot/cpio.ts';
import { UserError } from '../emu/errors.ts';
import { SnapshotCache } from './cache.ts';
import { type Collected, parseCollect } from './collect.ts';
import { ShareServer } from './fuse/server.ts';
import { buildInitramfs, PROGRAM_FOLDER } from './initramfs.ts';
import { hostKernel, type Kernel, readKernel } from './kernel.ts';
import { checkFetched, fetchedKernel } from './kernel-fetch.ts';
import { fileEntries, filesOfCommand } from './libraries.ts';
import { type KernelModule, selectModules } from './modules.ts';
import { checkCommand, findCommand } from './program.ts';
import type { ProgramSpec, WantedFolder, WindowSize } from './protocol.ts';
import { chooseShares } from './shares.ts';

export { type BootedGuest, SnapshotCache } from './cache.ts';
export { Collector } from './collect.ts';
export {
  diskSource,
  inputKind,
  listenTo,
  machineChannels,
  type WorldDevices,
  type WorldDevicesOptions,
  worldDevices,
} from './devices.ts';
export { PORT, type ProgramSpec, SHARE_TAG, type WindowSize } from './protocol.ts';
export { type ExitStatus, type GuestChannels, SERIAL, Session, type SessionEvents, shellStatus } from './session.ts';

export interface WorldOptions {
  /** CMD and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Current folder, absolute. */
  readonly directory: string;
  /** `--kernel`; without it the host's own, or a fetched one. */
  readonly kernel?: string;
  /** `--append`: added to the kernel's command line. */
  readonly append?: string;
  /** `--rootfs`: a folder, or `none`. */
  readonly rootfs?: string;
  /** `--share`, each `DIR[:AT]`. */
  readonly shares?: readonly string[];
  /** `--disk`: there is a disk, and the guest's kernel needs its driver. */
  readonly disk?: boolean;
  /** `--linger`: seconds. */
  readonly linger?: number;
  /** `--collect`, each `GUEST[:HOST]`. */
  readonly collect?: readonly string[];
  /** Which of descriptors 0, 1 and 2 are a terminal, and its size. */
  readonly terminal?: readonly number[];
  readonly windowSize?: WindowSize;
  /** Told what takes long (fetching a kernel). */
  readonly note?: (line: string) => void;
}

/** All that a guest needs to run one command, and what is needed to talk to it. */
export interface World {
  readonly kernel: Kernel;
  readonly initramfs: Uint8Array;
  readonly commandLine: string;
  /** Answers the guest's virtio-fs requests; absent without a share. */
  readonly server: ShareServer | undefined;
  readonly collected: readonly Collected[];
  /** What to hand to `Session.start`. Clock (milliseconds since 1970) and random bytes are the caller's choice. */
  spec(time: number, seed: Uint8Array): ProgramSpec;
  /** Key of the booted guest's snapshot; `machine` names whatever else decides how the boot goes. */
  snapshotKey(machine: Readonly<Record<string, string | number | Uint8Array>>): string;
}

/** For a share on top of a PCI bus; virtio-rng keeps the guest's pool filled. */
const MODULES_CONSOLE = ['virtio_pci', 'virtio_console', 'virtio-rng'];
const MODULES_DISK = ['virtio_blk'];
const MODULES_SHARE = ['fuse', 'virtiofs', 'overlay'];

/**
 * No self-tests of crypto code (they are more than half of the boot); a panic ends the run at once. KASLR stays: the
 * guest is as it would be elsewhere.
 */
const COMMAND_LINE = 'console=ttyS0 quiet cryptomgr.notests panic=-1 rdinit=/init';

/** Finds or makes everything. Throws a UserError, one line, for whatever the user can put right. */
export function prepareWorld(options: WorldOptions): World {
  const { command, environment, directory } = options;
  const kernel = chooseKernel(options);
  const file = hostProgram(options, kernel);
  const initramfs = bootInitramfs(kernel, file, options);
  const server = options.rootfs === 'none' ? undefined : new ShareServer(shares(options));
  const collected = (options.collect ?? []).map((text) => parseCollect(text, directory));
  const commandLine = [COMMAND_LINE, options.append ?? ''].join(' ').trim();
  return {
    ...{ kernel, initramfs, commandLine, server, collected },
    spec: (time, seed) => ({
      arguments: command,
      ...(options.rootfs === 'none' && file !== undefined ? { program: file } : {}),
      environment: definedOnly(environment),
      directory,
      hostName: hostname(),
      root: options.rootfs === 'none' ? 'initramfs' : 'share',
      identity: identity(),
      terminal: options.terminal ?? [],
      ...(options.windowSize === undefined ? {} : { windowSize: options.windowSize }),
      ...{ time, seed },
      ...(options.linger === undefined ? {} : { linger: options.linger }),
      collect: collected.map(({ guest }) => guest),
      folders: folders(options),
      umask: process.umask(),
    }),
    snapshotKey: (machine) => SnapshotCache.key({ ...machine, kernel: kernel.bytes, initramfs, commandLine }),
  };
}

/** What a recorded guest booted from, made again: `kernel` as it was, the initramfs from what is here now. Throws UserError. */
export function prepareBoot(kernel: Kernel, options: BootOptions): Uint8Array {
  return bootInitramfs(kernel, options.rootfs === 'none' ? hostProgram(options, kernel) : undefined, options);
}

export type BootOptions = Pick<WorldOptions, 'command' | 'environment' | 'directory' | 'rootfs' | 'disk'>;

function bootInitramfs(kernel: Kernel, file: string | undefined, options: BootOptions): Uint8Array {
  const modules = chooseModules(kernel, options);
  const extra = options.rootfs === 'none' && file !== undefined ? programFiles(file, options) : [];
  return buildInitramfs({ bits: kernel.bits, modules, extra });
}

/** The command as a file of the host, checked; undefined where it lies in another root. */
function hostProgram({ command, directory, environment, rootfs }: BootOptions, { bits }: Kernel): string | undefined {
  const [name] = command;
  if (name === undefined) throw new UserError('no command was given: trapline record -- CMD ARG...');
  if (rootfs !== undefined && rootfs !== 'none') return undefined;
  const file = findCommand(name, directory, environment.PATH);
  if (file === undefined) {
    // A share may bring it; without one the guest would only say the same, later.
    if (rootfs === 'none') throw new UserError(`${name}: there is no such program here`);
    return undefined;
  }
  checkCommand(file, bits);
  return file;
}

function chooseKernel(options: WorldOptions): Kernel {
  const { kernel, note = () => {} } = options;
  if (kernel !== undefined) return readKernel(kernel);
  const suits = ({ bits, modules }: Kernel): boolean =>
    bits === 64 &&
    modules !== undefined &&
    lacking(selectModules(modules, wantedModules(options)).missing).length === 0;
  return hostKernel(suits) ?? fetchedKernel(note);
}

type ModuleOptions = Pick<WorldOptions, 'rootfs' | 'disk'>;

function wantedModules({ rootfs, disk }: ModuleOptions): readonly string[] {
  return [...MODULES_CONSOLE, ...(rootfs === 'none' ? [] : MODULES_SHARE), ...(disk === true ? MODULES_DISK : [])];
}

/** What of the missing a guest can't do without; entropy it can find elsewhere. */
function lacking(missing: readonly string[]): readonly string[] {
  return missing.filter((name) => name !== 'virtio-rng');
}

function chooseModules(kernel: Kernel, options: ModuleOptions): readonly KernelModule[] {
  const { rootfs } = options;
  if (kernel.modules === undefined) {
    // Without modules beside it nobody can say what is built in; init finds out and falls back on serial lines.
    if (rootfs === 'none') return [];
    throw new UserError(
      `${kernel.path}: no modules of ${kernel.version} beside it, so the guest could not see shared folders; --rootfs none works without`,
    );
  }
  const { modules, missing } = selectModules(kernel.modules, wantedModules(options));
  checkFetched(modules.map(({ path }) => path));
  const lost = lacking(missing);
  if (lost.some((name) => MODULES_DISK.includes(name)))
    throw new UserError(`${kernel.path}: has no driver for --disk (${MODULES_DISK.join(', ')})`);
  if (rootfs !== 'none' && lost.length > 0) {
    throw new UserError(
      `${kernel.path}: has no ${lost.join(', ')}, which shared folders need; --rootfs none works without`,
    );
  }
  return modules;
}

function programFiles(file: string, { environment }: Pick<WorldOptions, 'environment'>): CpioEntry[] {
  return fileEntries(filesOfCommand(file, environment), PROGRAM_FOLDER);
}

function shares({ command, directory, environment, rootfs, shares: extra = [] }: WorldOptions) {
  return chooseShares({
    ...{ command, directory, path: environment.PATH, shares: extra },
    ...(rootfs === undefined ? {} : { rootfs }),
  });
}

function identity(): { uid: number; gid: number; groups: number[] } {
  const { uid, gid } = userInfo();
  return { uid, gid, groups: process.getgroups?.() ?? [gid] };
}

/** The current folder and the home folder are there even if nothing of them is shared. */
function folders({ directory, environment }: WorldOptions): WantedFolder[] {
  const { uid, gid } = userInfo();
  const paths = [directory, environment.HOME].filter((path) => path?.startsWith('/') === true) as string[];
  return paths.map((path) => ({ path, mode: 0o755, uid, gid }));
}

function definedOnly(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
