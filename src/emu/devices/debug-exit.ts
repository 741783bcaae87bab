import type { Device, Platform, StateValue } from './device.ts';

const PORT = 0xf4;

/** Test kernels end the machine by writing their result to port F4h. */
export class DebugExit implements Device {
  readonly name = 'debug-exit';

  constructor(platform: Platform) {
    platform.claimPorts(PORT, 4, {
      portRead: () => 0,
      portWrite: (_port, _size, value) => platform.stop({ kind: 'debug-exit', code: value }),
    });
  }

  reset(): void {}

  save(): StateValue {
    return null;
  }

  restore(): void {}
}
