import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { KernelBoot } from '../emu/boot/target.ts';
import { NT_FACT } from '../guest/nt/system.ts';
import { EMPTY_HEADER, type Fact, type TraceHeader } from '../trace/messages.ts';
import { VERSION } from '../version.ts';
import type { GuestFacts } from '../world/guest-facts.ts';
import type { World } from '../world/index.ts';
import { bzImageVersion } from '../world/kernel.ts';
import { START_SETTING } from '../world/start-settings.ts';
import type { CommandOptions, KernelOptions, RecordOptions } from './options.ts';
import type { WatchSpec } from './traps/watch-spec.ts';
import type { Workload, WorkloadHeader } from './workload.ts';

const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** From which state of a booted guest a recording goes on. */
export function startSettings(key: string, state: string): Record<string, string> {
  return { [START_SETTING.key]: key, [START_SETTING.state]: state };
}

export function traceHeader(
  options: RecordOptions,
  { header, guest }: Pick<Workload, 'header' | 'guest'>,
): TraceHeader {
  const { disk } = guest;
  return {
    ...EMPTY_HEADER,
    ...header,
    program: `trapline ${VERSION}`,
    guestStart: Math.floor((options.startTime ?? Date.now()) / 1000),
    memory: options.memory,
    cpuVendor: options.vendor,
    traps: options.traps.map(({ name }) => name),
    settings: {
      ...header.settings,
      ...(options.processors === 1 ? {} : { [START_SETTING.processors]: String(options.processors) }),
      ...(disk === undefined ? {} : { [START_SETTING.sectors]: String(disk.sectors) }),
      capture: String(options.captureLimit),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
    },
  };
}

export function commandHeader(
  { world: { command, directory, environment, shares, rootfs } }: CommandOptions,
  world: World,
): WorkloadHeader {
  return {
    ...kernelFiles(world.kernel.path, world.kernel.bytes, world.initramfs),
    kernelRelease: world.kernel.version,
    kernelCommandLine: world.commandLine,
    command: [...command],
    environment: Object.entries(environment).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    ),
    workingDirectory: directory,
    shares: [...(shares ?? [])],
    settings: { rootfs: rootfs ?? 'share' },
  };
}

export function kernelHeader(options: KernelOptions, { kernel, initrd }: KernelBoot): WorkloadHeader {
  const { command, environment, workingDirectory, shares, settings } = EMPTY_HEADER;
  return {
    ...{ command, environment, workingDirectory, shares, settings },
    ...kernelFiles(options.kernel, kernel, initrd),
    kernelRelease: bzImageVersion(kernel) ?? EMPTY_HEADER.kernelRelease,
    kernelCommandLine: options.commandLine,
  };
}

function kernelFiles(path: string, kernel: Uint8Array, initrd: Uint8Array | undefined) {
  return {
    kernelName: basename(path),
    kernelSha256: digest(kernel),
    initrdSha256: initrd === undefined ? new Uint8Array(0) : digest(initrd),
  };
}

/** The facts as the trace keeps them. */
export function profileFacts(facts: GuestFacts): Fact[] {
  const data = new Uint8Array(0);
  const { nt, ...linux } = facts;
  const named = Object.entries(linux).map(([name, value]): [string, unknown] => [`linux.${name}`, value ?? null]);
  if (nt !== undefined) named.push([NT_FACT, nt]);
  return named.map(([name, value]) => ({ name, json: JSON.stringify(value), data }));
}

/** Addresses or ports at which a device answers. */
export interface DeviceRange {
  readonly base: number;
  readonly length: number;
  readonly name: string;
}

/** What was watched, in the order of the numbers in events, and where devices answer: [base, length, name]. */
export function machineFacts(
  watches: readonly WatchSpec[],
  windows: readonly DeviceRange[],
  ports: readonly DeviceRange[],
): Fact[] {
  const data = new Uint8Array(0);
  const ranges = (of: readonly DeviceRange[]): string =>
    JSON.stringify(of.map(({ base, length, name }) => [base, length, name]));
  return [
    { name: 'watches', json: JSON.stringify(watches.map(({ text }) => text)), data },
    { name: 'machine.windows', json: ranges(windows), data },
    { name: 'machine.ports', json: ranges(ports), data },
  ];
}
