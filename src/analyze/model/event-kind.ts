import { EXIT } from '../../emu/layout.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';

/** What an event is, in one word: what it is filtered, coloured and counted by. */
// biome-ignore format: a list
export const KINDS = ['call', 'return', 'task', 'cr3', 'interrupt', 'port-io', 'mmio', 'control', 'sensitive', 'rdtsc', 'cpuid', 'vmfunc', 'page-write', 'register', 'exit', 'pages', 'other'] as const;
export type EventKindName = (typeof KINDS)[number];

const BY_KIND: ReadonlyMap<number, EventKindName> = new Map([
  [EVENT_KIND.callEntry, 'call'],
  [EVENT_KIND.callReturn, 'return'],
  [EVENT_KIND.task, 'task'],
  [EVENT_KIND.cr3Load, 'cr3'],
  [EVENT_KIND.pages, 'pages'],
]);

const BY_REASON: ReadonlyMap<number, EventKindName> = new Map([
  [EXIT.interrupt, 'interrupt'],
  [EXIT.io, 'port-io'],
  [EXIT.mmio, 'mmio'],
  [EXIT.crAccess, 'control'],
  [EXIT.msrWrite, 'control'],
  [EXIT.descriptorTable, 'control'],
  [EXIT.sensitive, 'sensitive'],
  [EXIT.rdtsc, 'rdtsc'],
  [EXIT.cpuid, 'cpuid'],
  [EXIT.vmfunc, 'vmfunc'],
  [EXIT.secondLevel, 'page-write'],
  [EXIT.register, 'register'],
]);

/** EVENT_KIND of the events that are called so: what chunk summaries count. */
export function eventKindOf(name: EventKindName): number | undefined {
  for (const [kind, own] of BY_KIND) if (own === name) return kind;
  return name === 'other' ? undefined : EVENT_KIND.exit;
}

export function kindName(chunk: EventChunk, row: number): EventKindName {
  const kind = chunk.kind(row);
  return kind === EVENT_KIND.exit ? (BY_REASON.get(chunk.detail(row) & 255) ?? 'exit') : kindNameOf(kind);
}

/** The same for events of which their kind (EVENT_KIND) tells it: all but exits. */
export function kindNameOf(kind: number): EventKindName {
  return BY_KIND.get(kind) ?? 'other';
}
