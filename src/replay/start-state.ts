import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { BlockSource } from '../emu/devices/virtio/blk.ts';
import { UserError } from '../emu/errors.ts';
import { type InputEntry, PlaybackInputs, RecordingInputs } from '../emu/input-log.ts';
import { VCPU } from '../emu/layout.ts';
import { type Machine, VENDOR } from '../emu/machine.ts';
import { restoreSnapshot } from '../emu/snapshot.ts';
import { stateHash } from '../emu/state-hash.ts';
import type { TraceHeader } from '../trace/messages.ts';
import { restoreBoot } from '../world/booted-guest.ts';
import { Guest, type GuestOptions } from '../world/guest.ts';
import { prepareBoot } from '../world/index.ts';
import { hostKernel, type Kernel, readKernel } from '../world/kernel.ts';
import { fetchedKernel } from '../world/kernel-fetch.ts';
import { bootAgain } from '../world/reboot.ts';
import { START_SETTING } from '../world/start-settings.ts';
import type { TraceReader } from './reader.ts';
import { assembleSnapshot } from './state-parts.ts';

/** Files that went into a recording and are not in its trace; needed only where the trace's start state is not at hand. */
export interface StartFiles {
  /** The guest's kernel (`record --kernel`). */
  readonly kernel?: string | undefined;
  /** Its initial ramdisk (`record --initrd`). */
  readonly initrd?: string | undefined;
  /** Told what takes long. */
  readonly note?: ((line: string) => void) | undefined;
}

/**
 * The machine as it stood when the recording began, about to play back the trace's inputs: from the trace's own
 * snapshot, else from the cache of booted guests, else booted again. Throws UserError when none of these gives the
 * state that the trace names.
 */
export function startMachine(reader: TraceReader, files: StartFiles): Machine {
  const { header } = reader;
  const inputs = [...reader.inputs()];
  const fromTrace = assembleSnapshot(reader.snapshotParts(), header.memory);
  if (fromTrace !== undefined) {
    const { machine } = newGuest(header, new RecordingInputs());
    restoreSnapshot(machine, fromTrace.snapshot);
    checkState(machine, fromTrace.stateSha256, "the trace's snapshot");
    return playing(machine, inputs);
  }
  const key = header.settings[START_SETTING.key];
  if (key === undefined) return kernelFromReset(header, inputs, files);
  const state = header.settings[START_SETTING.state] ?? '';
  const guest = newGuest(header, new RecordingInputs());
  if (restoreBoot(guest, key)?.state === state) {
    checkState(guest.machine, state, 'the cached boot');
    return playing(guest.machine, inputs);
  }
  const machine = reboot(header, key, files);
  checkState(machine, state, 'the guest booted again');
  return playing(machine, inputs);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function playing(machine: Machine, inputs: readonly InputEntry[]): Machine {
  const { position } = machine.inputLog;
  machine.inputLog = new PlaybackInputs(inputs, position, position);
  return machine;
}

function checkState(machine: Machine, expected: string, what: string): void {
  const found = stateHash(machine);
  if (found !== expected)
    throw new UserError(`${what} is not where the recording began: state ${found}, the trace says ${expected}`);
}

function newGuest(header: TraceHeader, inputs: GuestOptions['inputs']): Guest {
  const random = (length: number): Uint8Array => new Uint8Array(length);
  return new Guest({ ...guestOptions(header), inputs, random, startTime: 0 });
}

function guestOptions({
  cpuVendor,
  memory,
  settings,
}: TraceHeader): Pick<GuestOptions, 'memory' | 'vendor' | 'processors' | 'disk'> {
  if (!(cpuVendor in VENDOR)) throw new UserError(`the trace is of a processor ${cpuVendor}, which is not known here`);
  const sectors = settings[START_SETTING.sectors];
  const disk = sectors === undefined ? undefined : recordedDisk(Number(sectors));
  const processors = Number(settings[START_SETTING.processors] ?? 1);
  if (!(Number.isInteger(processors) && processors >= 1 && processors <= VCPU.most))
    throw new UserError(`the trace is of a machine with ${processors} virtual CPUs, which is not possible here`);
  return { memory, vendor: cpuVendor as keyof typeof VENDOR, processors, disk };
}

/** All that the guest read of its disk is in the input log. */
function recordedDisk(sectors: number): BlockSource {
  return {
    sectors,
    read: () => {
      throw new UserError(
        'the disk is needed to boot this guest again: only a trace made with --snapshot does without',
      );
    },
  };
}

/** A kernel alone is recorded from its first instruction on. */
function kernelFromReset(header: TraceHeader, inputs: readonly InputEntry[], files: StartFiles): Machine {
  if (header.command.length > 0)
    throw new UserError('the trace does not say from which state its recording began; record it again');
  const kernel = namedFile('--kernel', files.kernel, header.kernelSha256, header.kernelName);
  const initrd =
    header.initrdSha256.length === 0
      ? undefined
      : namedFile('--initrd', files.initrd, header.initrdSha256, 'its initrd');
  const guest = newGuest(header, new PlaybackInputs(inputs));
  guest.boot({ kernel, initrd, commandLine: header.kernelCommandLine });
  return guest.machine;
}

function namedFile(flag: string, path: string | undefined, hash: Uint8Array, name: string): Uint8Array {
  if (path === undefined)
    throw new UserError(
      `${flag} is needed: the recording began with ${name} (sha256 ${hex(hash)}), or record with --snapshot`,
    );
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new UserError(`${flag} ${path}: can't be read`);
  }
  if (sha256(bytes) !== hex(hash))
    throw new UserError(`${flag} ${path} is not what was recorded: its sha256 is not ${hex(hash)}`);
  return bytes;
}

function reboot(header: TraceHeader, key: string, files: StartFiles): Machine {
  const kernel = recordedKernel(header, files);
  const rootfs = header.settings.rootfs;
  const initramfs = prepareBoot(kernel, {
    command: header.command,
    environment: Object.fromEntries(header.environment.map((text) => text.split(/=(.*)/s, 2) as [string, string])),
    directory: header.workingDirectory,
    ...(rootfs === undefined || rootfs === 'share' ? {} : { rootfs }),
    disk: header.settings[START_SETTING.sectors] !== undefined,
  });
  if (sha256(initramfs) !== hex(header.initrdSha256))
    throw new UserError(
      "the guest's initramfs can't be made again as it was (modules, init or the program have changed); record with --snapshot",
    );
  files.note?.('the start state is no longer cached: the guest boots again');
  const boot = { kernel: kernel.bytes, initrd: initramfs, commandLine: header.kernelCommandLine };
  return bootAgain(boot, guestOptions(header), key).machine;
}

/** The kernel file of a recording, found by its hash. Throws UserError when it is not here. */
export function recordedKernel({ kernelSha256, kernelName }: TraceHeader, files: StartFiles): Kernel {
  const wanted = hex(kernelSha256);
  const found =
    files.kernel === undefined
      ? (hostKernel(({ bytes }) => sha256(bytes) === wanted) ?? fetchedKernel(files.note ?? (() => {})))
      : readKernel(files.kernel);
  if (sha256(found.bytes) !== wanted)
    throw new UserError(`the recorded kernel ${kernelName} (sha256 ${wanted}) is not here; name it with --kernel`);
  return found;
}
