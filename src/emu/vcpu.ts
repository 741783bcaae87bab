import type { Core } from './core-instance.ts';
import { fieldAddress, REGION, VCPU } from './layout.ts';

/** The fields of one virtual CPU, wherever they lie: in the state block while it runs, else in its slot. */
export class Vcpu {
  readonly number: number;
  private readonly core: Core;
  private readonly slotDistance: number;

  constructor(core: Core, number: number) {
    this.core = core;
    this.number = number;
    this.slotDistance = REGION.vcpus.address + number * VCPU.slot + VCPU.saved - VCPU.first;
  }

  /** A field of 32 bits from `gpr` to `vcpu`. Throws if there is none of that name. */
  get(name: string, index = 0): number {
    return this.core.view.getUint32(this.address(name) + 4 * index, true);
  }

  set(name: string, value: number, index = 0): void {
    this.core.view.setUint32(this.address(name) + 4 * index, value, true);
  }

  /** A field of 64 bits. */
  get64(name: string, index = 0): bigint {
    return this.core.view.getBigUint64(this.address(name) + 8 * index, true);
  }

  set64(name: string, value: bigint, index = 0): void {
    this.core.view.setBigUint64(this.address(name) + 8 * index, value, true);
  }

  private address(name: string): number {
    const address = fieldAddress(name);
    return this.core.currentVcpu === this.number ? address : address + this.slotDistance;
  }
}
