import { type Device, numberField, type Platform, type StateValue } from './device.ts';

const PORT = 0x92;
const RESET = 1 << 0;
const A20 = 1 << 1;

/** System control port A: fast reset and the A20 gate, which is always open (as on every machine since 2013). */
export class Port92 implements Device {
  readonly name = 'port92';
  private value = A20;

  constructor(platform: Platform) {
    platform.claimPorts(PORT, 1, {
      name: this.name,
      portWidth: 1,
      portRead: () => this.value,
      portWrite: (_port, _size, value) => {
        if ((value & RESET) !== 0) platform.stop({ kind: 'reset' });
        this.value = value | A20;
      },
    });
  }

  reset(): void {
    this.value = A20;
  }

  save(): StateValue {
    return { value: this.value };
  }

  restore(state: StateValue): void {
    this.value = numberField(state, 'value');
  }
}
