import type { Platform, StateValue } from '../device.ts';
import type { VirtioQueues } from './model.ts';
import { VirtioPci } from './transport.ts';

const DEVICE_TYPE = 26;
/** FUSE takes requests of up to this many segments less four: 1-MiB reads with room for others. */
const QUEUE_SIZE = 1024;
const TAG_BYTES = 36;

/**
 * Answers one FUSE request with its reply, header and all. Gives undefined for requests that want none. Synchronous:
 * the guest sees every reply at the instruction that asked, however long the host took.
 */
export type FuseServer = (request: Uint8Array) => Uint8Array | undefined;

/**
 * File-system device (virtio 1.2, 5.11): one high-priority and one request queue, no DAX. Each reply enters through the
 * input log as `<name>.reply` (empty where there is none), so that playing back needs no server.
 */
export function virtioFs(platform: Platform, name: string, tag: string, server: FuseServer): VirtioPci {
  const config = new Uint8Array(TAG_BYTES + 4);
  const tagBytes = new TextEncoder().encode(tag);
  if (tagBytes.length > TAG_BYTES) throw new Error(`the tag ${tag} is longer than ${TAG_BYTES} bytes`);
  config.set(tagBytes);
  new DataView(config.buffer).setUint32(TAG_BYTES, 1, true);
  return new VirtioPci(platform, name, {
    type: DEVICE_TYPE,
    classCode: 0x01_8000,
    features: 0n,
    queueSizes: [QUEUE_SIZE, QUEUE_SIZE],
    config,
    notified(index: number, queues: VirtioQueues): void {
      for (let chain = queues.pop(index); chain !== undefined; chain = queues.pop(index)) {
        const request = chain.read();
        const reply = platform.inputs.take(`${name}.reply`, () => server(request) ?? new Uint8Array(0));
        queues.push(index, chain, chain.write(reply));
      }
    },
    reset(): void {},
    save: (): StateValue => null,
    restore(): void {},
  });
}
