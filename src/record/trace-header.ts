import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { EMPTY_HEADER, type TraceHeader } from '../trace/messages.ts';
import { VERSION } from '../version.ts';
import type { RecordOptions } from './options.ts';
import type { World } from './world/index.ts';

const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** What the trace says of how it was made. */
export function traceHeader(options: RecordOptions, world: World): TraceHeader {
  const { command, directory, environment, shares, rootfs } = options.world;
  return {
    ...EMPTY_HEADER,
    program: `trapline ${VERSION}`,
    guestStart: Math.floor((options.startTime ?? Date.now()) / 1000),
    kernelName: basename(world.kernel.path),
    kernelSha256: digest(world.kernel.bytes),
    kernelRelease: world.kernel.version,
    kernelCommandLine: world.commandLine,
    initrdSha256: digest(world.initramfs),
    command: [...command],
    environment: Object.entries(environment).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    ),
    workingDirectory: directory,
    memory: options.memory,
    cpuVendor: options.vendor,
    traps: [...options.traps],
    shares: [...(shares ?? [])],
    settings: {
      rootfs: rootfs ?? 'share',
      capture: String(options.captureLimit),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
    },
  };
}
