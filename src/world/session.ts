import { UserError } from '../emu/errors.ts';
import {
  CAPABILITY_STREAMS,
  encodeFrame,
  encodeNumbers,
  encodeSpec,
  encodeWindowSize,
  FRAME,
  type Frame,
  FrameReader,
  PORT,
  PROTOCOL_VERSION,
  type ProgramSpec,
  type WindowSize,
} from './protocol.ts';

/** Names of the serial lines that stand in for the ports in a kernel without a console driver. */
export const SERIAL = { terminal: 'ttyS0', control: 'ttyS1' } as const;

/** How bytes get to the guest: console ports and serial lines by name. */
export interface GuestChannels {
  /** Bytes for the guest's reader, in order. */
  send(channel: string, bytes: Uint8Array): void;
  /** Nothing more follows; for output channels: nobody reads any more. */
  close(channel: string): void;
}

/** How the program ended. */
export type ExitStatus = { readonly code: number } | { readonly signal: number };

/** What a shell would make of it. */
export function shellStatus(status: ExitStatus): number {
  return 'code' in status ? status.code : 128 + status.signal;
}

/** What comes from the guest. */
export interface SessionEvents {
  /** Everything is loaded, nothing has begun: the moment for a snapshot. */
  ready(): void;
  started(pid: number): void;
  output(bytes: Uint8Array): void;
  error(bytes: Uint8Array): void;
  /** What the terminal shows, where one or more of the descriptors is one. */
  terminal(bytes: Uint8Array): void;
  /** `left`: processes that it started still run. */
  exited(status: ExitStatus, left: boolean): void;
  /** The program could not be started; `status` is what a shell would give. */
  failed(status: number, reason: string): void;
  warning(message: string): void;
  /** An entry of collected path number `index`; `path` is relative to it and comes from the guest: don't trust it. */
  collectEntry(index: number, entry: { readonly mode: number; readonly path: string; readonly target: string }): void;
  collectData(bytes: Uint8Array): void;
  collectEnd(index: number, errno: number): void;
  /** Nothing follows; the machine can be stopped. */
  done(): void;
}

/**
 * The host's side of a guest's life. Give it every byte that the guest writes (`received`); it tells what happened
 * and sends what the host wants. Holds nothing that a snapshot at `ready` would have to keep, except `streams`.
 */
export class Session {
  /** The console ports are there, says `ready`; without them all streams are the first serial line. */
  streams: boolean;
  private readonly channels: GuestChannels;
  private readonly events: SessionEvents;
  private readonly reader = new FrameReader();
  private begun = false;
  private onTerminal = false;

  /** `streams` matters only to a session that takes up a restored guest, which says `ready` no more. */
  constructor(channels: GuestChannels, events: SessionEvents, streams = false) {
    this.channels = channels;
    this.events = events;
    this.streams = streams;
  }

  /** Bytes that the guest wrote to a port or serial line. Other channels' are ignored. */
  received(channel: string, bytes: Uint8Array): void {
    switch (channel) {
      case PORT.control:
      case SERIAL.control:
        for (const frame of this.reader.push(bytes)) this.take(frame);
        break;
      case PORT.output:
        this.events.output(bytes);
        break;
      case PORT.error:
        this.events.error(bytes);
        break;
      case PORT.terminal:
        this.events.terminal(bytes);
        break;
      case SERIAL.terminal:
        // With console ports, and before the program starts, it is only the kernel's own console.
        if (this.streams || !this.begun) break;
        if (this.onTerminal) this.events.terminal(bytes);
        else this.events.output(bytes);
        break;
    }
  }

  start(spec: ProgramSpec): void {
    this.begun = true;
    this.onTerminal = (spec.terminal ?? []).length > 0;
    this.command(FRAME.start, encodeSpec(spec));
  }

  /** Bytes for the program's standard input. */
  input(bytes: Uint8Array): void {
    this.channels.send(this.streams ? PORT.input : SERIAL.terminal, bytes);
  }

  endInput(): void {
    if (this.streams) this.channels.close(PORT.input);
  }

  /** Keys. */
  type(bytes: Uint8Array): void {
    this.channels.send(this.streams ? PORT.terminal : SERIAL.terminal, bytes);
  }

  /** Nobody reads the program's output any more: its next write is a broken pipe. */
  endOutput(which: 'output' | 'error'): void {
    if (this.streams) this.channels.close(PORT[which]);
  }

  resize(size: WindowSize): void {
    this.command(FRAME.windowSize, encodeWindowSize(size));
  }

  /** To the program's process group. */
  signal(number: number): void {
    this.command(FRAME.signal, encodeNumbers(number));
  }

  /** Powers the guest off. */
  end(): void {
    this.command(FRAME.end);
  }

  private command(type: number, payload?: Uint8Array): void {
    this.channels.send(this.streams ? PORT.control : SERIAL.control, encodeFrame(type, payload));
  }

  private take({ type, payload }: Frame): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const number = (index: number): number => (4 * index + 4 <= payload.length ? view.getUint32(4 * index, true) : 0);
    const { events } = this;
    switch (type) {
      case FRAME.ready:
        if (number(0) !== PROTOCOL_VERSION) throw new UserError('the init in the guest is of another version');
        this.streams = (number(1) & CAPABILITY_STREAMS) !== 0;
        events.ready();
        break;
      case FRAME.started:
        events.started(number(0));
        break;
      case FRAME.exited:
        events.exited(exitStatus(number(0)), number(1) !== 0);
        break;
      case FRAME.failed:
        events.failed(number(0), text(payload.subarray(4)));
        break;
      case FRAME.warning:
        events.warning(text(payload));
        break;
      case FRAME.collectEntry: {
        const [path = '', target = ''] = text(payload.subarray(8)).split('\0');
        events.collectEntry(number(0), { mode: number(1), path, target });
        break;
      }
      case FRAME.collectData:
        events.collectData(payload);
        break;
      case FRAME.collectEnd:
        events.collectEnd(number(0), number(1));
        break;
      case FRAME.done:
        events.done();
        break;
    }
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** As wait(2) codes it: signal in bits 0-6, else exit code in bits 8-15. */
function exitStatus(status: number): ExitStatus {
  return (status & 0x7f) === 0 ? { code: (status >> 8) & 0xff } : { signal: status & 0x7f };
}
