import type { StateValue } from '../device.ts';
import type { Chain } from './queue.ts';

/** What a virtio device is, apart from how it is reached. */
export interface VirtioModel {
  /** Virtio device type (virtio 1.0, 5). */
  readonly type: number;
  /** PCI class, subclass and interface. */
  readonly classCode: number;
  /** Feature bits of the device itself. */
  readonly features: bigint;
  /** Largest size of each queue. */
  readonly queueSizes: readonly number[];
  /** The device-specific configuration space. */
  readonly config: Uint8Array;
  /** The driver has put something in queue `index`. */
  notified(index: number, queues: VirtioQueues): void;
  configWritten?(offset: number, size: number, value: number): void;
  reset(): void;
  save(): StateValue;
  restore(state: StateValue): void;
}

/** A model's access to its queues. Dead while the driver is not ready. */
export interface VirtioQueues {
  pop(index: number): Chain | undefined;
  /** Gives a request back and interrupts the driver. */
  push(index: number, chain: Chain, written: number): void;
  readonly ready: boolean;
}
