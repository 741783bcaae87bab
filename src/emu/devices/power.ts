import { ticksAt } from '../rate.ts';
import { type Device, type Line, numberField, type Platform, type PortHandler, type StateValue } from './device.ts';

/** Ports of ACPI's fixed hardware; the FADT names them. */
export const PM_PORT = { event: 0x600, control: 0x604, timer: 0x608 } as const;
export const ACPI_IRQ = 9;
/** SLP_TYP of soft-off, which the DSDT's _S5 names. */
export const SLEEP_TYPE_OFF = 5;
export const PM_TIMER_HERTZ = 3_579_545;

const STATUS = { powerButton: 1 << 8 } as const;
/** PM1 status bits are cleared by writing ones. */
const STATUS_BITS = 0x8731;
const ENABLE_BITS = 0x0721;
const CONTROL = { sciEnable: 1 << 0, sleepEnable: 1 << 13 } as const;

/** ACPI's fixed hardware (ACPI 6.4, 4.8.3): PM1a event and control blocks and the 32-bit timer. */
export class Power implements Device, PortHandler {
  readonly name = 'power';
  private readonly platform: Platform;
  private readonly line: Line;
  private status = 0;
  private enable = 0;
  private control: number = CONTROL.sciEnable;

  constructor(platform: Platform) {
    this.platform = platform;
    this.line = platform.line(ACPI_IRQ);
    platform.claimPorts(PM_PORT.event, 12, this);
    // An input, so that asking the guest to shut down is replayed too.
    platform.inputs.receive('power.button', () => this.pressButton());
  }

  portRead(port: number, size: number): number {
    let value: number;
    switch (port & ~3) {
      case PM_PORT.event:
        value = this.status | (this.enable << 16);
        break;
      case PM_PORT.control:
        value = this.control;
        break;
      default:
        value = ticksAt(this.platform.now(), PM_TIMER_HERTZ) % 2 ** 32;
    }
    const shifted = value >>> (8 * (port & 3));
    return size === 4 ? shifted : shifted & (size === 2 ? 0xffff : 0xff);
  }

  portWrite(port: number, size: number, value: number): void {
    const at = port & 3;
    switch (port & ~3) {
      case PM_PORT.event:
        if (at < 2) this.status &= ~((value << (8 * at)) & STATUS_BITS);
        if (at >= 2) this.enable = value & ENABLE_BITS;
        else if (size === 4) this.enable = (value >>> 16) & ENABLE_BITS;
        this.update();
        break;
      case PM_PORT.control:
        if (at === 0) this.writeControl(value);
        break;
    }
  }

  reset(): void {
    this.status = 0;
    this.enable = 0;
    this.control = CONTROL.sciEnable;
    this.update();
  }

  save(): StateValue {
    return { status: this.status, enable: this.enable, control: this.control };
  }

  restore(state: StateValue): void {
    this.status = numberField(state, 'status');
    this.enable = numberField(state, 'enable');
    this.control = numberField(state, 'control');
    this.update();
  }

  private pressButton(): void {
    this.status |= STATUS.powerButton;
    this.update();
  }

  private writeControl(value: number): void {
    // There is no SMI firmware to leave ACPI mode, so SCI_EN stays.
    this.control = (value & 0x1c07) | CONTROL.sciEnable;
    if ((value & CONTROL.sleepEnable) === 0) return;
    if (((value >> 10) & 7) === SLEEP_TYPE_OFF) this.platform.stop({ kind: 'power-off' });
  }

  private update(): void {
    this.line.set((this.status & this.enable) !== 0);
  }
}
