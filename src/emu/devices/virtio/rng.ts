import type { Platform, StateValue } from '../device.ts';
import type { VirtioQueues } from './model.ts';
import { VirtioPci } from './transport.ts';

const DEVICE_TYPE = 4;
const QUEUE_SIZE = 64;
/** Enough for any driver; keeps one request from filling the input log. */
const MOST_BYTES = 4096;

/**
 * Entropy device (virtio 1.0, 5.4). `supply` gives so many random bytes; they enter through the input log as
 * `<name>.entropy`.
 */
export function virtioRng(platform: Platform, name: string, supply: (length: number) => Uint8Array): VirtioPci {
  return new VirtioPci(platform, name, {
    type: DEVICE_TYPE,
    classCode: 0x00_ff00,
    features: 0n,
    queueSizes: [QUEUE_SIZE],
    config: new Uint8Array(0),
    notified(index: number, queues: VirtioQueues): void {
      for (let chain = queues.pop(index); chain !== undefined; chain = queues.pop(index)) {
        const length = Math.min(chain.writableLength, MOST_BYTES);
        const bytes = platform.inputs.take(`${name}.entropy`, () => supply(length));
        queues.push(index, chain, chain.write(bytes));
      }
    },
    reset(): void {},
    save: (): StateValue => null,
    restore(): void {},
  });
}
