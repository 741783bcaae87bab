/**
 * The library: a guest seen from outside, live or in a trace. Every question takes a `GuestView`, which `lookAt` makes
 * of a live machine and `TraceGuest.at` of a trace at any moment.
 */
import { GuestView, type PerProcess, type ViewOptions } from './analyze/guest-view.ts';
import type { Machine } from './emu/machine.ts';
import type { OpenFile } from './guest/linux/views/files.ts';
import type { IntegrityReport } from './guest/linux/views/integrity.ts';
import type { Mapping } from './guest/linux/views/maps.ts';
import type { ModuleList } from './guest/linux/views/modules.ts';
import type { ProcessList } from './guest/linux/views/processes.ts';
import type { Socket } from './guest/linux/views/sockets.ts';
import type { OperatingSystem } from './guest/os.ts';

export { GuestView, type PerProcess, type ViewOptions } from './analyze/guest-view.ts';
export { TraceGuest } from './analyze/trace-guest.ts';
export { UserError } from './emu/errors.ts';
export type { Machine } from './emu/machine.ts';
export type { OpenFile } from './guest/linux/views/files.ts';
export type { Hook, IntegrityReport } from './guest/linux/views/integrity.ts';
export { NotKnown } from './guest/linux/views/kernel.ts';
export type { Mapping } from './guest/linux/views/maps.ts';
export type { KernelModule, ModuleList, ModuleSource } from './guest/linux/views/modules.ts';
export type { Process, ProcessList, TaskSource } from './guest/linux/views/processes.ts';
export type { Socket } from './guest/linux/views/sockets.ts';
export type { OperatingSystem } from './guest/os.ts';
export { TraceReader } from './replay/reader.ts';
export {
  LiveMonitors,
  MonitorEvent,
  type MonitorHandler,
  type MonitorOptions,
  Monitors,
  monitorsOf,
  type SeenCall,
  TraceMonitors,
  type TraceWindow,
} from './vmi/index.ts';
export { type KernelFiles, LiveGuest, type LiveOptions } from './world/live-guest.ts';
export { readKernelFile } from './world/vmlinux.ts';

/** A live machine as it stands between two runs. */
export function lookAt(machine: Machine, options?: ViewOptions): GuestView {
  return new GuestView(machine, options);
}

/** Which system runs, its version, and what the answer rests on: descriptor-table limits, LSTAR's symbol, kallsyms, banner. */
export function osType(guest: GuestView): OperatingSystem {
  return guest.os;
}

/** Every process and thread by all ways to find one. Throws NotKnown where no Linux is found, as all below do. */
export function processList(guest: GuestView): ProcessList {
  return guest.processes;
}

/** Every module by all ways to find one. */
export function moduleList(guest: GuestView): ModuleList {
  return guest.modules;
}

/** Open files of one process, or of all. */
export function fileList(guest: GuestView, pid?: number): PerProcess<OpenFile> {
  return guest.files(pid);
}

/** Open sockets of one process, or of all. */
export function socketList(guest: GuestView, pid?: number): PerProcess<Socket> {
  return guest.sockets(pid);
}

/** Mappings of one process, or of all. */
export function mappingList(guest: GuestView, pid?: number): PerProcess<Mapping> {
  return guest.maps(pid);
}

/** What of the kernel's tables, entry registers and code does not lead where it should. */
export function hookList(guest: GuestView): IntegrityReport {
  return guest.integrity;
}
