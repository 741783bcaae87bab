/** Delivery modes of APIC messages, local vectors and redirection entries (SDM vol. 3, 11.5.1). */
export const DELIVERY = { fixed: 0, lowestPriority: 1, smi: 2, nmi: 4, init: 5, startup: 6, external: 7 } as const;

export interface InterruptMessage {
  readonly vector: number;
  readonly delivery: number;
  readonly level: boolean;
  readonly logical: boolean;
  /** 8 bits, or 32 from an x2APIC. */
  readonly destination: number;
}

export interface InterruptReceiver {
  matches(destination: number, logical: boolean): boolean;
  receive(message: InterruptMessage): void;
  /** Of what it does now, as its processor-priority register tells. */
  priority(): number;
}

export interface EoiListener {
  endOfInterrupt(vector: number): void;
}

/** What joins local APICs, IOAPIC and PIC. It holds no state. */
export class InterruptBus {
  private readonly receivers: InterruptReceiver[] = [];
  private readonly listeners: EoiListener[] = [];
  /** INTA cycles of the PIC. */
  acknowledgeExternal: () => number = () => {
    throw new Error('no PIC on the interrupt bus');
  };

  attach(receiver: InterruptReceiver): void {
    this.receivers.push(receiver);
  }

  listen(listener: EoiListener): void {
    this.listeners.push(listener);
  }

  /** Lowest-priority messages go to the processor that does the least urgent work, the first of several. */
  send(message: InterruptMessage): void {
    const matching = this.receivers.filter((receiver) => receiver.matches(message.destination, message.logical));
    if (message.delivery !== DELIVERY.lowestPriority) {
      for (const receiver of matching) receiver.receive(message);
      return;
    }
    const [first, ...others] = matching;
    if (first === undefined) return;
    const best = others.reduce((least, receiver) => (receiver.priority() < least.priority() ? receiver : least), first);
    best.receive(message);
  }

  broadcast(message: InterruptMessage, except: InterruptReceiver | undefined): void {
    for (const receiver of this.receivers) if (receiver !== except) receiver.receive(message);
  }

  endOfInterrupt(vector: number): void {
    for (const listener of this.listeners) listener.endOfInterrupt(vector);
  }

  /** A PCI device's memory write to FEExxxxxh (SDM vol. 3, 11.11). */
  messageInterrupt(address: number, data: number): void {
    this.send({
      vector: data & 0xff,
      delivery: (data >> 8) & 7,
      level: (data & 0x8000) !== 0,
      logical: (address & 4) !== 0,
      destination: (address >>> 12) & 0xff,
    });
  }
}
