import type { OpenFile } from './open-file.ts';

/** Queue of those of which it is not known where they go. */
const ANYWHERE = -1;

/** Two halves of connections that have not met yet, by the address. */
interface Halves {
  readonly connecting: OpenFile[];
  readonly accepted: OpenFile[];
}

/** Open files under way in messages, from one socket to another. */
export class PassedFiles {
  /** By the number of the socket that they go to, oldest first. */
  readonly #queues = new Map<number, (readonly OpenFile[])[]>();
  readonly #bound = new Map<string, OpenFile>();
  readonly #halves = new Map<string, Halves>();

  /** A socket got an address: a path or an abstract name. */
  bound(socket: OpenFile, address: string): void {
    this.#bound.set(address, socket);
  }

  /** A socket was connected to an address: to what is bound there, or to what will be accepted. */
  connected(socket: OpenFile, address: string): void {
    const facts = socket.socket!;
    if (facts.type === 'SOCK_DGRAM') facts.other = this.#bound.get(address);
    else this.#meet(address, socket, 'connecting', 'accepted');
  }

  accepted(socket: OpenFile, address: string): void {
    this.#meet(address, socket, 'accepted', 'connecting');
  }

  /** Connections are accepted in the order in which they were made. */
  #meet(address: string, socket: OpenFile, own: keyof Halves, others: keyof Halves): void {
    let halves = this.#halves.get(address);
    if (halves === undefined) {
      halves = { connecting: [], accepted: [] };
      this.#halves.set(address, halves);
    }
    const other = halves[others].shift();
    if (other === undefined) {
      halves[own].push(socket);
      return;
    }
    socket.socket!.other = other;
    other.socket!.other = socket;
  }

  /** `to`: the address that the message was sent to, if it was told one. */
  send(from: OpenFile | undefined, files: readonly OpenFile[], to: string | undefined): void {
    const target = to === undefined ? from?.socket?.other : this.#bound.get(to);
    const number = target?.id ?? ANYWHERE;
    const queue = this.#queues.get(number);
    if (queue === undefined) this.#queues.set(number, [files]);
    else queue.push(files);
  }

  /** As many as were received: of a message, the kernel drops those for which there was no room. */
  receive(at: OpenFile | undefined, count: number): readonly OpenFile[] | undefined {
    const own = at && this.#queues.get(at.id);
    const exact = own?.findIndex((files) => files.length === count) ?? -1;
    const found = exact >= 0 ? exact : (own?.findIndex((files) => files.length > count) ?? -1);
    // Those before it were received by somebody who had no room for them.
    if (found >= 0)
      return own!
        .splice(0, found + 1)
        .at(-1)!
        .slice(0, count);
    const queue = this.#queues.get(ANYWHERE) ?? [];
    const any = queue.findIndex((files) => files.length === count);
    return any < 0 ? undefined : queue.splice(any, 1)[0];
  }
}
