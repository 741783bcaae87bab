import type { Platform, StateValue } from '../device.ts';
import { stateFields } from '../device.ts';
import type { VirtioModel, VirtioQueues } from './model.ts';
import { VirtioPci } from './transport.ts';

const DEVICE_TYPE = 3;
const QUEUE_SIZE = 128;
const FEATURE_MULTIPORT = 1n << 1n;
const CONTROL_RECEIVE = 2;
const CONTROL_TRANSMIT = 3;
const CONTROL_BYTES = 8;

/** Control messages (virtio 1.0, 5.3.6.2). */
const EVENT = { deviceReady: 0, portAdd: 1, portReady: 3, portOpen: 6, portName: 7 } as const;

interface Port {
  readonly id: number;
  readonly name: string;
  /** Bytes from the host that the guest has not made room for yet. */
  readonly pending: Uint8Array[];
  /** The host has said that it sends nothing more; the guest learns it once `pending` is empty. */
  closed: boolean;
  /** The guest was told. */
  told: boolean;
  /** The guest's driver knows the port. */
  ready: boolean;
  /** A guest program has it open. Its driver drops what arrives for a port that nobody has opened. */
  opened: boolean;
}

/**
 * Console device with named ports only (virtio 1.0, 5.3, MULTIPORT; port 0, the terminal, is not used). What the
 * guest writes to port P is emitted as `<name>/P`; what the host offers under `<name>/P` reaches the guest's reader,
 * and an offer under `<name>/P/close` hangs the port up: the guest reads the end of file, its writers see a hang-up.
 */
export class VirtioConsole {
  readonly device: VirtioPci;
  private readonly model: ConsoleModel;

  constructor(platform: Platform, name: string, ports: readonly string[]) {
    this.model = new ConsoleModel(platform, name, ports);
    this.device = new VirtioPci(platform, name, this.model);
    this.model.queues = this.device;
  }

  /** Bytes offered to the port that the guest has not taken yet: the host holds back while they are many. */
  pending(port: string): number {
    return this.model.pending(port);
  }
}

class ConsoleModel implements VirtioModel {
  readonly type = DEVICE_TYPE;
  readonly classCode = 0x07_8000;
  readonly features = FEATURE_MULTIPORT;
  readonly queueSizes: readonly number[];
  readonly config = new Uint8Array(12);
  queues: VirtioQueues | undefined;
  private readonly platform: Platform;
  private readonly name: string;
  private readonly ports: readonly Port[];
  private readonly control: Uint8Array[] = [];

  constructor(platform: Platform, name: string, names: readonly string[]) {
    this.platform = platform;
    this.name = name;
    this.ports = names.map((port, i) => ({ ...closedPort(), id: i + 1, name: port, pending: [] }));
    // Two queues for each port, 0 included, and two for control.
    this.queueSizes = new Array<number>(2 * names.length + 4).fill(QUEUE_SIZE);
    new DataView(this.config.buffer).setUint32(4, names.length + 1, true);
    for (const port of this.ports) {
      platform.inputs.receive(`${name}/${port.name}`, (bytes) => {
        if (bytes.length > 0 && !port.closed) port.pending.push(bytes.slice());
        this.deliver(port);
      });
      platform.inputs.receive(`${name}/${port.name}/close`, () => {
        port.closed = true;
        this.deliver(port);
      });
    }
  }

  pending(name: string): number {
    const port = this.ports.find((candidate) => candidate.name === name);
    return (port?.pending ?? []).reduce((sum, { length }) => sum + length, 0);
  }

  notified(index: number, queues: VirtioQueues): void {
    if (index === CONTROL_RECEIVE) this.sendControl();
    else if (index === CONTROL_TRANSMIT) this.takeControl(queues);
    else {
      const port = this.ports[Math.floor(index / 2) - 2];
      if (port === undefined) return;
      if (index % 2 === 0) this.deliver(port);
      else this.transmit(port, index, queues);
    }
  }

  reset(): void {
    this.control.length = 0;
    for (const port of this.ports) {
      port.pending.length = 0;
      Object.assign(port, closedPort());
    }
  }

  save(): StateValue {
    return {
      control: this.control.map((message) => message.slice()),
      ports: this.ports.map(({ pending, closed, told, ready, opened }) => ({
        ...{ closed, told, ready, opened },
        pending: pending.map((bytes) => bytes.slice()),
      })),
    };
  }

  restore(state: StateValue): void {
    const { control, ports } = stateFields(state);
    this.control.splice(0, this.control.length, ...(control as readonly Uint8Array[]));
    for (const [i, port] of this.ports.entries()) {
      const saved = stateFields((ports as readonly StateValue[])[i] ?? null);
      port.closed = saved.closed === true;
      port.told = saved.told === true;
      port.ready = saved.ready === true;
      port.opened = saved.opened === true;
      port.pending.splice(0, port.pending.length, ...(saved.pending as readonly Uint8Array[]));
    }
  }

  /** Fills the guest's buffers with what waits for it. */
  private deliver(port: Port): void {
    const { queues } = this;
    const index = 2 * port.id + 2;
    while (queues !== undefined && port.opened && port.pending.length > 0) {
      const chain = queues.pop(index);
      if (chain === undefined) return;
      const bytes = port.pending[0]!;
      const written = chain.write(bytes);
      if (written === bytes.length) port.pending.shift();
      else port.pending[0] = bytes.subarray(written);
      queues.push(index, chain, written);
    }
    if (port.closed && port.pending.length === 0 && port.ready && !port.told) {
      port.told = true;
      this.sendControl(message(port.id, EVENT.portOpen, 0));
    }
  }

  private transmit(port: Port, index: number, queues: VirtioQueues): void {
    for (let chain = queues.pop(index); chain !== undefined; chain = queues.pop(index)) {
      const bytes = chain.read();
      queues.push(index, chain, 0);
      this.platform.emit(`${this.name}/${port.name}`, bytes);
    }
  }

  private takeControl(queues: VirtioQueues): void {
    for (let chain = queues.pop(CONTROL_TRANSMIT); chain !== undefined; chain = queues.pop(CONTROL_TRANSMIT)) {
      const bytes = chain.read();
      queues.push(CONTROL_TRANSMIT, chain, 0);
      if (bytes.length < CONTROL_BYTES) continue;
      const view = new DataView(bytes.buffer);
      this.answer(view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true));
    }
  }

  private answer(id: number, event: number, value: number): void {
    if (event === EVENT.deviceReady && value === 1) {
      for (const port of this.ports) this.sendControl(message(port.id, EVENT.portAdd, 1));
    }
    const port = this.ports[id - 1];
    if (event === EVENT.portReady && value === 1 && port !== undefined) {
      const text = new TextEncoder().encode(port.name);
      const named = new Uint8Array(CONTROL_BYTES + text.length);
      named.set(message(id, EVENT.portName, 1));
      named.set(text, CONTROL_BYTES);
      this.sendControl(named);
      this.sendControl(message(id, EVENT.portOpen, 1));
      port.ready = true;
      this.deliver(port);
    } else if (event === EVENT.portOpen && port !== undefined) {
      port.opened = value === 1;
      this.deliver(port);
    }
  }

  private sendControl(next?: Uint8Array): void {
    if (next !== undefined) this.control.push(next);
    while (this.control.length > 0) {
      const chain = this.queues?.pop(CONTROL_RECEIVE);
      if (chain === undefined) return;
      const bytes = this.control.shift()!;
      this.queues?.push(CONTROL_RECEIVE, chain, chain.write(bytes));
    }
  }
}

function closedPort(): { closed: boolean; told: boolean; ready: boolean; opened: boolean } {
  return { closed: false, told: false, ready: false, opened: false };
}

function message(id: number, event: number, value: number): Uint8Array {
  const bytes = new Uint8Array(CONTROL_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, id, true);
  view.setUint16(4, event, true);
  view.setUint16(6, value, true);
  return bytes;
}
