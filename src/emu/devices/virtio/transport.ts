import type { Device, MmioHandler, Platform, StateValue } from '../device.ts';
import { numberField, stateFields } from '../device.ts';
import { PciFunction } from '../pci-function.ts';
import type { VirtioModel, VirtioQueues } from './model.ts';
import { type Chain, Queue, QueueError } from './queue.ts';
import { half, littleEndian, replaceHalf, replaceWord, word } from './words.ts';

const VENDOR = 0x1af4;
const FIRST_DEVICE = 0x1040;
const CAPABILITY_VENDOR = 0x09;
const NO_VECTOR = 0xffff;

/** Feature bits that are the transport's own (virtio 1.0, 6). */
const FEATURE_INDIRECT = 1n << 28n;
const FEATURE_VERSION_1 = 1n << 32n;

/** Device status bits (virtio 1.0, 2.1). */
const STATUS = { driverOk: 0x04, featuresOk: 0x08, needsReset: 0x40 } as const;
const ISR = { queue: 1, config: 2 } as const;

/** What stands where in BAR 0. */
const COMMON = 0x0000;
const ISR_STATUS = 0x1000;
const DEVICE_CONFIG = 0x2000;
const NOTIFY = 0x3000;
const WINDOW_BYTES = 0x4000;
const NOTIFY_MULTIPLIER = 4;
const MSIX_BAR = 1;

/** Structure types of the vendor capability (virtio 1.0, 4.1.4). */
const STRUCTURES = [
  { type: 1, offset: COMMON, length: 0x38 },
  { type: 2, offset: NOTIFY, length: 0x1000 },
  { type: 3, offset: ISR_STATUS, length: 1 },
  { type: 4, offset: DEVICE_CONFIG, length: 0x1000 },
] as const;
const STRUCTURE_PCI_CONFIG = 5;

/** Registers of the common configuration (virtio 1.0, 4.1.4.3). */
const REGISTER = {
  deviceFeatureSelect: 0x00,
  deviceFeature: 0x04,
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  configVector: 0x10,
  queueCount: 0x12,
  status: 0x14,
  generation: 0x15,
  queueSelect: 0x16,
  queueSize: 0x18,
  queueVector: 0x1a,
  queueEnable: 0x1c,
  queueNotifyOffset: 0x1e,
  queueDescriptors: 0x20,
  queueAvailable: 0x28,
  queueUsed: 0x30,
} as const;

/** A virtio 1.0 device behind PCI (virtio 1.0, 4.1), modern only, with MSI-X and INTx. */
export class VirtioPci implements Device, MmioHandler, VirtioQueues {
  readonly name: string;
  readonly function: PciFunction;
  private readonly model: VirtioModel;
  private readonly features: bigint;
  private readonly queues: readonly Queue[];
  private deviceFeatureSelect = 0;
  private driverFeatureSelect = 0;
  private driverFeatures = 0n;
  private configVector = NO_VECTOR;
  private status = 0;
  private queueSelect = 0;
  private isr = 0;

  constructor(platform: Platform, name: string, model: VirtioModel) {
    this.name = name;
    this.model = model;
    this.features = model.features | FEATURE_INDIRECT | FEATURE_VERSION_1;
    this.queues = model.queueSizes.map((size) => new Queue(platform.memory, size));
    this.function = new PciFunction(platform, {
      vendor: VENDOR,
      device: FIRST_DEVICE + model.type,
      revision: 1,
      classCode: model.classCode,
      subsystemVendor: VENDOR,
      subsystem: FIRST_DEVICE + model.type,
    });
    this.function.addMemoryBar(0, WINDOW_BYTES, this);
    this.function.addMsix(MSIX_BAR, this.queues.length + 1, `${name} msix`);
    for (const { type, offset, length } of STRUCTURES) {
      this.function.addCapability(CAPABILITY_VENDOR, structure(type, offset, length));
    }
    this.addConfigAccess();
    this.function.addIntx();
  }

  get ready(): boolean {
    return (this.status & (STATUS.driverOk | STATUS.needsReset)) === STATUS.driverOk && this.function.busMaster;
  }

  pop(index: number): Chain | undefined {
    const queue = this.queues[index];
    if (!this.ready || queue === undefined) return undefined;
    try {
      return queue.pop();
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      this.fail();
      return undefined;
    }
  }

  push(index: number, chain: Chain, written: number): void {
    const queue = this.queues[index];
    if (!this.ready || queue === undefined) return;
    queue.push(chain, written);
    if (!queue.interruptsUnwanted) this.interrupt(queue.vector, ISR.queue);
  }

  mmioRead(offset: number, size: number): number {
    if (offset >= NOTIFY) return 0;
    if (offset >= DEVICE_CONFIG) return littleEndian(this.model.config, offset - DEVICE_CONFIG, size);
    if (offset >= ISR_STATUS) {
      const { isr } = this;
      this.isr = 0;
      this.function.intx(false);
      return isr;
    }
    return this.readCommon(offset);
  }

  mmioWrite(offset: number, size: number, value: number): void {
    if (offset >= NOTIFY) {
      const index = Math.floor((offset - NOTIFY) / NOTIFY_MULTIPLIER);
      if (this.ready && index < this.queues.length) this.model.notified(index, this);
    } else if (offset >= DEVICE_CONFIG) this.model.configWritten?.(offset - DEVICE_CONFIG, size, value);
    else if (offset < ISR_STATUS) this.writeCommon(offset, value);
  }

  reset(): void {
    this.deviceFeatureSelect = 0;
    this.driverFeatureSelect = 0;
    this.driverFeatures = 0n;
    this.configVector = NO_VECTOR;
    this.status = 0;
    this.queueSelect = 0;
    this.isr = 0;
    this.function.intx(false);
    for (const queue of this.queues) queue.reset();
    this.model.reset();
  }

  save(): StateValue {
    const { deviceFeatureSelect, driverFeatureSelect, driverFeatures, configVector, status, queueSelect, isr } = this;
    return {
      ...{ deviceFeatureSelect, driverFeatureSelect, driverFeatures, configVector, status, queueSelect, isr },
      queues: this.queues.map((queue) => queue.save()),
      model: this.model.save(),
    };
  }

  restore(state: StateValue): void {
    const { driverFeatures, queues, model } = stateFields(state);
    this.deviceFeatureSelect = numberField(state, 'deviceFeatureSelect');
    this.driverFeatureSelect = numberField(state, 'driverFeatureSelect');
    this.driverFeatures = driverFeatures as bigint;
    this.configVector = numberField(state, 'configVector');
    this.status = numberField(state, 'status');
    this.queueSelect = numberField(state, 'queueSelect');
    this.isr = numberField(state, 'isr');
    for (const [i, queue] of this.queues.entries()) queue.restore((queues as readonly StateValue[])[i] ?? null);
    this.model.restore(model ?? null);
  }

  private fail(): void {
    this.status |= STATUS.needsReset;
    this.interrupt(this.configVector, ISR.config);
  }

  private interrupt(vector: number, reason: number): void {
    if (this.function.msixEnabled) {
      if (vector !== NO_VECTOR) this.function.message(vector);
      return;
    }
    this.isr |= reason;
    this.function.intx(true);
  }

  private readCommon(offset: number): number {
    const queue = this.queues[this.queueSelect];
    switch (offset) {
      case REGISTER.deviceFeatureSelect:
        return this.deviceFeatureSelect;
      case REGISTER.deviceFeature:
        return word(this.features, this.deviceFeatureSelect);
      case REGISTER.driverFeatureSelect:
        return this.driverFeatureSelect;
      case REGISTER.driverFeature:
        return word(this.driverFeatures, this.driverFeatureSelect);
      case REGISTER.configVector:
        return this.configVector;
      case REGISTER.queueCount:
        return this.queues.length;
      case REGISTER.status:
        return this.status;
      case REGISTER.generation:
        return 0;
      case REGISTER.queueSelect:
        return this.queueSelect;
      case REGISTER.queueSize:
        return queue?.size ?? 0;
      case REGISTER.queueVector:
        return queue?.vector ?? NO_VECTOR;
      case REGISTER.queueEnable:
        return queue?.enabled === true ? 1 : 0;
      case REGISTER.queueNotifyOffset:
        return this.queueSelect;
      case REGISTER.queueDescriptors:
      case REGISTER.queueDescriptors + 4:
        return half(queue?.descriptors, offset);
      case REGISTER.queueAvailable:
      case REGISTER.queueAvailable + 4:
        return half(queue?.available, offset);
      case REGISTER.queueUsed:
      case REGISTER.queueUsed + 4:
        return half(queue?.used, offset);
      default:
        return 0;
    }
  }

  private writeCommon(offset: number, value: number): void {
    switch (offset) {
      case REGISTER.deviceFeatureSelect:
        this.deviceFeatureSelect = value >>> 0;
        break;
      case REGISTER.driverFeatureSelect:
        this.driverFeatureSelect = value >>> 0;
        break;
      case REGISTER.driverFeature:
        this.driverFeatures = replaceWord(this.driverFeatures, this.driverFeatureSelect, value);
        break;
      case REGISTER.configVector:
        this.configVector = this.validVector(value);
        break;
      case REGISTER.status:
        this.setStatus(value & 0xff);
        break;
      case REGISTER.queueSelect:
        this.queueSelect = value & 0xffff;
        break;
      default: {
        const queue = this.queues[this.queueSelect];
        if (queue !== undefined) this.writeQueue(queue, offset, value);
      }
    }
  }

  private writeQueue(queue: Queue, offset: number, value: number): void {
    if (offset === REGISTER.queueVector) queue.vector = this.validVector(value);
    if (queue.enabled) return;
    switch (offset) {
      case REGISTER.queueSize:
        if (value > 0 && value <= queue.maximum && (value & (value - 1)) === 0) queue.size = value;
        break;
      case REGISTER.queueEnable:
        queue.enabled = value === 1;
        break;
      case REGISTER.queueDescriptors:
      case REGISTER.queueDescriptors + 4:
        queue.descriptors = replaceHalf(queue.descriptors, offset, value);
        break;
      case REGISTER.queueAvailable:
      case REGISTER.queueAvailable + 4:
        queue.available = replaceHalf(queue.available, offset, value);
        break;
      case REGISTER.queueUsed:
      case REGISTER.queueUsed + 4:
        queue.used = replaceHalf(queue.used, offset, value);
        break;
    }
  }

  private setStatus(value: number): void {
    if (value === 0) {
      this.reset();
      return;
    }
    const acceptable =
      (this.driverFeatures & ~this.features) === 0n && (this.driverFeatures & FEATURE_VERSION_1) !== 0n;
    this.status = (this.status & STATUS.needsReset) | (acceptable ? value : value & ~STATUS.featuresOk);
  }

  private validVector(value: number): number {
    return value <= this.queues.length ? value : NO_VECTOR;
  }

  /** The window onto BAR 0 in configuration space (virtio 1.0, 4.1.4.7): for firmware that maps no BARs. */
  private addConfigAccess(): void {
    const body = new Uint8Array(18);
    body.set(structure(STRUCTURE_PCI_CONFIG, 0, 0));
    body[0] = body.length + 2;
    const writable = new Uint8Array(18).fill(0xff, 6);
    const at = this.function.addCapability(CAPABILITY_VENDOR, body, writable);
    const data = at + 16;
    const view = new DataView(this.function.config.buffer, at, 20);
    const target = (offset: number): number | undefined => {
      const length = view.getUint32(12, true);
      const start = view.getUint32(8, true);
      const valid = offset === data && (length === 1 || length === 2 || length === 4) && start + length <= WINDOW_BYTES;
      return valid ? start : undefined;
    };
    this.function.onConfigRead = (offset) => {
      const start = target(offset);
      if (start !== undefined) view.setUint32(16, this.mmioRead(start, view.getUint32(12, true)), true);
    };
    this.function.onConfigWrite = (offset) => {
      const start = target(offset);
      const size = view.getUint32(12, true);
      if (start !== undefined) this.mmioWrite(start, size, littleEndian(this.function.config, data, size));
    };
  }
}

function structure(type: number, offset: number, length: number): Uint8Array {
  const notify = type === 2;
  const body = new Uint8Array(notify ? 18 : 14);
  const view = new DataView(body.buffer);
  view.setUint8(0, body.length + 2);
  view.setUint8(1, type);
  view.setUint32(6, offset, true);
  view.setUint32(10, length, true);
  if (notify) view.setUint32(14, NOTIFY_MULTIPLIER, true);
  return body;
}
