import type { Core } from './core-instance.ts';
import type { StateValue } from './devices/device.ts';
import { stateFields } from './devices/device.ts';
import { FIELDS, type Field } from './layout.ts';

/** The last field of the state block that is the running virtual CPU's own; the loop's and the monitor's follow. */
const LAST_FIELD = 'nmiPending';
/** Fields before it that only help the core, or hold something in a form that is not unique. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'scratch',
  'zero',
  'codePage',
  'rflags',
  'flagKind',
  'flagResult',
  'flagSource',
  'mode',
]);
/** What all virtual CPUs share. */
const SHARED = ['randomState', 'cpuVendor', 'a20', 'icount', 'idleTime'] as const;
/** What only matters where there are several. */
const STARTUP = ['awaitsStartup', 'initPending', 'startupPending'] as const;

const OWN_FIELDS: readonly Field[] = ownFields();
/** The fields that make up a single processor's architectural state; RFLAGS is kept apart, with its status flags computed. */
const ARCHITECTURAL_FIELDS: readonly Field[] = [...OWN_FIELDS, ...named(SHARED)];
const VCPU_FIELDS: readonly Field[] = [...OWN_FIELDS, ...named(STARTUP)];

/** The current processor's architectural state, and what it shares: field bytes by name, and RFLAGS. */
export function saveProcessor(core: Core): StateValue {
  return save(core, ARCHITECTURAL_FIELDS);
}

/** Takes over what `saveProcessor` gave. Decoded code and translations are forgotten. */
export function restoreProcessor(core: Core, saved: StateValue): void {
  restore(core, saved, ARCHITECTURAL_FIELDS);
  core.flushTlb();
}

/** The current one of several virtual CPUs, without what they share. */
export function saveVcpu(core: Core): StateValue {
  return save(core, VCPU_FIELDS);
}

/** Takes over what `saveVcpu` gave; translations stay. */
export function restoreVcpu(core: Core, saved: StateValue): void {
  restore(core, saved, VCPU_FIELDS);
}

function save(core: Core, fields: readonly Field[]): StateValue {
  const state: Record<string, StateValue> = { rflags: core.rflags };
  for (const field of fields) state[field.name] = core.bytes.slice(field.address, field.address + bytesOf(field));
  return state;
}

function restore(core: Core, saved: StateValue, fields: readonly Field[]): void {
  const state = stateFields(saved);
  for (const field of fields) {
    const bytes = state[field.name];
    if (!(bytes instanceof Uint8Array) || bytes.length !== bytesOf(field)) {
      throw new Error(`the snapshot does not fit this version: processor field ${field.name}`);
    }
    core.bytes.set(bytes, field.address);
  }
  core.rflags = state.rflags as bigint;
  core.modeChanged();
}

function ownFields(): readonly Field[] {
  const all = [...FIELDS.values()];
  const last = all.findIndex(({ name }) => name === LAST_FIELD);
  return all.slice(0, last + 1).filter(({ name }) => !LEFT_OUT.has(name));
}

function named(names: readonly string[]): readonly Field[] {
  return names.map((name) => FIELDS.get(name)!);
}

const SIZE: Readonly<Record<Field['type'], number>> = { u8: 1, u16: 2, u32: 4, u64: 8, u128: 16, bytes: 1 };

function bytesOf(field: Field): number {
  return SIZE[field.type] * field.count;
}
