import {
  bytesField,
  type Device,
  type Line,
  numberField,
  type Platform,
  type PortHandler,
  type StateValue,
} from './device.ts';

const DATA = 0x60;
const STATUS = 0x64;
const STATUS_OUTPUT_FULL = 1 << 0;
const STATUS_SYSTEM = 1 << 2;
const STATUS_COMMAND = 1 << 3;
const STATUS_UNLOCKED = 1 << 4;
const STATUS_AUX = 1 << 5;
/** Command byte: bit 0 keyboard interrupt, bit 2 system flag, bit 4 keyboard off, bit 5 second port off. */
const CONFIG_INTERRUPT = 1 << 0;
const CONFIG_DEFAULT = 0x65;
const CONFIG_KEYBOARD_OFF = 1 << 4;
const COMMAND = {
  readConfig: 0x20,
  writeConfig: 0x60,
  disableAux: 0xa7,
  enableAux: 0xa8,
  testAux: 0xa9,
  selfTest: 0xaa,
  testKeyboard: 0xab,
  disableKeyboard: 0xad,
  enableKeyboard: 0xae,
  readOutputPort: 0xd0,
  writeOutputPort: 0xd1,
  loopKeyboard: 0xd2,
  loopAux: 0xd3,
  writeAux: 0xd4,
  pulseReset: 0xfe,
} as const;
const KEYBOARD = { echo: 0xee, identify: 0xf2, reset: 0xff, acknowledge: 0xfa, passed: 0xaa } as const;
/** A translated MF2 keyboard. */
const KEYBOARD_ID = [0xab, 0x83] as const;
/** Keyboard commands that take one more byte: LEDs, scan code set, repeat rate. */
const KEYBOARD_WITH_ARGUMENT: ReadonlySet<number> = new Set([0xed, 0xf0, 0xf3]);
const OUTPUT_PORT_RESET = 1 << 0;

/** The keyboard controller with a keyboard on which nobody types, and nothing at the second port. */
export class I8042 implements Device, PortHandler {
  readonly name = 'i8042';
  readonly portWidth = 1;
  private readonly platform: Platform;
  private readonly line: Line;
  private config = CONFIG_DEFAULT;
  /** The controller command whose data byte comes next, or 0. */
  private expecting = 0;
  private lastWasCommand = false;
  private keyboardArgument = false;
  private output: number[] = [];
  private outputFromAux = false;

  constructor(platform: Platform) {
    this.platform = platform;
    this.line = platform.line(1);
    platform.claimPorts(DATA, 1, this);
    platform.claimPorts(STATUS, 1, this);
  }

  portRead(port: number): number {
    if (port === DATA) {
      const byte = this.output.shift() ?? 0;
      this.outputFromAux = false;
      this.update(true);
      return byte;
    }
    return (
      (this.output.length > 0 ? STATUS_OUTPUT_FULL : 0) |
      STATUS_SYSTEM |
      (this.lastWasCommand ? STATUS_COMMAND : 0) |
      STATUS_UNLOCKED |
      (this.outputFromAux ? STATUS_AUX : 0)
    );
  }

  portWrite(port: number, _size: number, value: number): void {
    this.lastWasCommand = port === STATUS;
    if (port === STATUS) this.command(value);
    else if (this.expecting !== 0) this.commandData(value);
    else this.keyboard(value);
    this.update(false);
  }

  reset(): void {
    this.config = CONFIG_DEFAULT;
    this.expecting = 0;
    this.lastWasCommand = false;
    this.keyboardArgument = false;
    this.output = [];
    this.outputFromAux = false;
    this.update(false);
  }

  save(): StateValue {
    return {
      config: this.config,
      expecting: this.expecting,
      lastWasCommand: this.lastWasCommand ? 1 : 0,
      keyboardArgument: this.keyboardArgument ? 1 : 0,
      output: Uint8Array.from(this.output),
      outputFromAux: this.outputFromAux ? 1 : 0,
    };
  }

  restore(state: StateValue): void {
    this.config = numberField(state, 'config');
    this.expecting = numberField(state, 'expecting');
    this.lastWasCommand = numberField(state, 'lastWasCommand') === 1;
    this.keyboardArgument = numberField(state, 'keyboardArgument') === 1;
    this.output = [...bytesField(state, 'output')];
    this.outputFromAux = numberField(state, 'outputFromAux') === 1;
    this.update(false);
  }

  private command(value: number): void {
    this.expecting = 0;
    switch (value) {
      case COMMAND.readConfig:
        this.answer(this.config);
        break;
      case COMMAND.selfTest:
        this.config = CONFIG_DEFAULT;
        this.answer(0x55);
        break;
      case COMMAND.testKeyboard:
        this.answer(0x00);
        break;
      case COMMAND.testAux:
        // Clock line stuck low: nothing there.
        this.answer(0x01);
        break;
      case COMMAND.disableKeyboard:
        this.config |= CONFIG_KEYBOARD_OFF;
        break;
      case COMMAND.enableKeyboard:
        this.config &= ~CONFIG_KEYBOARD_OFF;
        break;
      case COMMAND.readOutputPort:
        this.answer(0x03);
        break;
      case COMMAND.writeConfig:
      case COMMAND.writeOutputPort:
      case COMMAND.loopKeyboard:
      case COMMAND.loopAux:
      case COMMAND.writeAux:
        this.expecting = value;
        break;
      case COMMAND.pulseReset:
        this.platform.stop({ kind: 'reset' });
        break;
    }
  }

  private commandData(value: number): void {
    const command = this.expecting;
    this.expecting = 0;
    switch (command) {
      case COMMAND.writeConfig:
        // The second port's clock stays off: bit 5 can't be cleared, which is how drivers see that it is absent.
        this.config = value | 0x20;
        break;
      case COMMAND.writeOutputPort:
        if ((value & OUTPUT_PORT_RESET) === 0) this.platform.stop({ kind: 'reset' });
        break;
      case COMMAND.loopKeyboard:
        this.answer(value);
        break;
      case COMMAND.loopAux:
        this.answer(value);
        this.outputFromAux = true;
        break;
    }
  }

  private keyboard(value: number): void {
    if (this.keyboardArgument) {
      this.keyboardArgument = false;
      this.answer(KEYBOARD.acknowledge);
      return;
    }
    if (value === KEYBOARD.echo) {
      this.answer(KEYBOARD.echo);
      return;
    }
    this.answer(KEYBOARD.acknowledge);
    this.keyboardArgument = KEYBOARD_WITH_ARGUMENT.has(value);
    if (value === KEYBOARD.reset) this.answer(KEYBOARD.passed);
    if (value === KEYBOARD.identify) for (const byte of KEYBOARD_ID) this.answer(byte);
  }

  private answer(byte: number): void {
    this.output.push(byte);
  }

  /** Each byte that becomes readable is an edge of its own. */
  private update(newByte: boolean): void {
    if (newByte) this.line.set(false);
    this.line.set(this.output.length > 0 && (this.config & CONFIG_INTERRUPT) !== 0);
  }
}
