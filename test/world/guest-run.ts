import { RecordingInputs } from '../../src/emu/input-log.ts';
import { restoreSnapshot, type Snapshot, takeSnapshot } from '../../src/emu/snapshot.ts';
import { stateHash } from '../../src/emu/state-hash.ts';
import { listenTo, machineChannels } from '../../src/world/devices.ts';
import { Guest } from '../../src/world/guest.ts';
import { Collector, prepareWorld, Session, shellStatus, type WorldOptions } from '../../src/world/index.ts';

export interface RunResult {
  readonly status: number;
  readonly reason: string;
  readonly output: string;
  readonly error: string;
  readonly terminal: string;
  readonly warnings: readonly string[];
  readonly hash: string;
  /** How many pages hold something though nothing is said to have been written there. */
  readonly unmarkedPages: () => number;
}

export interface RunOptions extends Partial<WorldOptions> {
  readonly input?: string;
  readonly keys?: string;
  /** Boots the guest though one that boots alike is known. */
  readonly fromBoot?: boolean;
}

const MEMORY = 256 << 20;
const PAGE = 4096;
/** Far more than any of these runs needs. */
const MOST_INSTRUCTIONS = 6e9;
const booted = new Map<string, { readonly snapshot: Snapshot; readonly streams: boolean }>();

/** Runs one command in a guest as the recorder does, without recording. Guests that boot alike boot once. */
export function runInGuest(command: readonly string[], options: RunOptions = {}): RunResult {
  const world = prepareWorld({ command, environment: { PATH: '/usr/bin:/bin' }, directory: '/usr', ...options });
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(1);
  const guest = new Guest({
    ...{ memory: MEMORY, vendor: 'AuthenticAMD', inputs: new RecordingInputs(), random, startTime: 1_700_000_000 },
    ...(world.server === undefined ? {} : { share: world.server }),
  });
  const { machine } = guest;
  const result = { status: -1, reason: '', output: '', error: '', terminal: '', warnings: [] as string[], hash: '' };
  let phase: 'booting' | 'ready' | 'over' = 'booting';
  const turn = (next: typeof phase): void => {
    phase = next;
    machine.core.set('exitRequest', 1);
  };
  const collector = new Collector(world.collected, (message) => result.warnings.push(message));
  const add = (stream: 'output' | 'error' | 'terminal', bytes: Uint8Array): void => {
    result[stream] += Buffer.from(bytes).toString();
  };
  const session = new Session(machineChannels(machine), {
    ready: () => turn('ready'),
    started: () => {},
    output: (bytes) => add('output', bytes),
    error: (bytes) => add('error', bytes),
    terminal: (bytes) => add('terminal', bytes),
    exited: (status) => void Object.assign(result, { status: shellStatus(status) }),
    failed: (status, reason) => void Object.assign(result, { status, reason }),
    warning: (message) => void result.warnings.push(message),
    collectEntry: (index, entry) => collector.entry(index, entry),
    collectData: (bytes) => collector.data(bytes),
    collectEnd: (index, errno) => collector.end(index, errno),
    done: () => turn('over'),
  });
  listenTo(machine, session);
  const drive = (from: typeof phase): void => {
    while (phase === from) {
      const outcome = machine.run({ icount: machine.icount + 10_000_000 });
      if (outcome.kind !== 'limit' || machine.icount > MOST_INSTRUCTIONS)
        throw new Error(`the guest is ${outcome.kind}`);
    }
  };
  const key = world.snapshotKey({});
  const known = options.fromBoot === true ? undefined : booted.get(key);
  if (known === undefined) {
    guest.boot({ kernel: world.kernel.bytes, initrd: world.initramfs, commandLine: world.commandLine });
    drive('booting');
    booted.set(key, { snapshot: takeSnapshot(machine), streams: session.streams });
  } else {
    restoreSnapshot(machine, known.snapshot);
    session.streams = known.streams;
    phase = 'ready';
  }
  session.start(world.spec(1_790_000_000_000, random(32)));
  if (options.keys !== undefined) session.type(Buffer.from(options.keys));
  if (options.input !== undefined) session.input(Buffer.from(options.input));
  session.endInput();
  drive('ready');
  world.server?.close();
  return { ...result, hash: stateHash(machine), unmarkedPages: () => unmarkedPages(machine) };
}

function unmarkedPages({ core, memory }: Guest['machine']): number {
  const marked = new Set(core.writtenPages());
  const page = (number: number): Buffer => Buffer.from(core.memory.buffer, core.ram.byteOffset + number * PAGE, PAGE);
  const zeros = Buffer.alloc(PAGE);
  let count = 0;
  for (let at = 0; at < memory.size / PAGE; at++) if (!marked.has(at) && !page(at).equals(zeros)) count++;
  return count;
}
