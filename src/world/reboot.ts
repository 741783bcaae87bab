import type { KernelBoot } from '../emu/boot/target.ts';
import { UserError } from '../emu/errors.ts';
import { RecordingInputs } from '../emu/input-log.ts';
import type { Machine } from '../emu/machine.ts';
import { BOOT_SEED, BOOT_TIME, storeBoot } from './booted-guest.ts';
import { listenTo, machineChannels } from './devices.ts';
import { Guest, type GuestOptions, SLICE } from './guest.ts';
import { Randomness } from './randomness.ts';
import { Session, type SessionEvents } from './session.ts';

/** Far more than a stock kernel takes to its init. */
const MOST_INSTRUCTIONS = 20e9;

/**
 * A guest in the state in which it says `ready`, booted from its first instruction as the recorder boots it, and kept
 * in the cache under `key`. Throws UserError when it does not come up.
 */
export function bootAgain(
  boot: KernelBoot,
  options: Pick<GuestOptions, 'memory' | 'vendor' | 'processors' | 'disk'>,
  key: string,
): { readonly machine: Machine; readonly state: string } {
  const randomness = new Randomness(BOOT_SEED);
  const random = (length: number): Uint8Array => randomness.bytes(length);
  const guest = new Guest({ ...options, inputs: new RecordingInputs(), random, startTime: BOOT_TIME });
  const { machine } = guest;
  let ready = false;
  const session = new Session(machineChannels(machine), {
    ...SILENT,
    ready: () => {
      ready = true;
    },
  });
  listenTo(machine, session);
  guest.boot(boot);
  while (!ready) {
    const outcome = machine.run({ icount: machine.icount + SLICE });
    if (outcome.kind !== 'limit' || machine.icount > MOST_INSTRUCTIONS)
      throw new UserError(`the guest could not be booted again (${outcome.kind})`);
  }
  return { machine, state: storeBoot(guest, key, session.streams).state };
}

const nothing = (): void => {};
const SILENT: SessionEvents = {
  ...{ ready: nothing, started: nothing, output: nothing, error: nothing, terminal: nothing, exited: nothing },
  ...{ failed: nothing, warning: nothing, collectEntry: nothing, collectData: nothing, collectEnd: nothing },
  done: nothing,
};
