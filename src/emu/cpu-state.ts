import type { Core } from './core-instance.ts';
import type { StateValue } from './devices/device.ts';
import { stateFields } from './devices/device.ts';
import { FIELDS, type Field } from './layout.ts';

/** The last field of the state block that belongs to the processor; what follows is the monitor's and the loop's. */
const LAST_FIELD = 'idleTime';
/** Fields in between that only help the core, or hold something in a form that is not unique. */
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
/** Fields behind `idleTime` that belong to the processor all the same. */
const PENDING = ['interruptPending', 'nmiPending'] as const;

/** The fields that make up the architectural state; RFLAGS is kept apart, with its status flags computed. */
export const ARCHITECTURAL_FIELDS: readonly Field[] = architecturalFields();

/** The processor's architectural state: field bytes by name, and RFLAGS. */
export function saveProcessor(core: Core): StateValue {
  const state: Record<string, StateValue> = { rflags: core.rflags };
  for (const field of ARCHITECTURAL_FIELDS)
    state[field.name] = core.bytes.slice(field.address, field.address + bytesOf(field));
  return state;
}

/** Takes over what `saveProcessor` gave. Decoded code and translations are forgotten. */
export function restoreProcessor(core: Core, saved: StateValue): void {
  const state = stateFields(saved);
  for (const field of ARCHITECTURAL_FIELDS) {
    const bytes = state[field.name];
    if (!(bytes instanceof Uint8Array) || bytes.length !== bytesOf(field)) {
      throw new Error(`the snapshot does not fit this version: processor field ${field.name}`);
    }
    core.bytes.set(bytes, field.address);
  }
  core.rflags = state.rflags as bigint;
  core.modeChanged();
  core.flushTlb();
}

function architecturalFields(): readonly Field[] {
  const all = [...FIELDS.values()];
  const last = all.findIndex(({ name }) => name === LAST_FIELD);
  const chosen = all.slice(0, last + 1).filter(({ name }) => !LEFT_OUT.has(name));
  return [...chosen, ...PENDING.map((name) => FIELDS.get(name)!)];
}

const SIZE: Readonly<Record<Field['type'], number>> = { u8: 1, u16: 2, u32: 4, u64: 8, u128: 16, bytes: 1 };

function bytesOf(field: Field): number {
  return SIZE[field.type] * field.count;
}
