import { TraceGuest } from '../analyze/trace-guest.ts';
import type { LiveGuest } from '../world/live-guest.ts';
import { LiveMonitors } from './live-monitors.ts';
import { TraceMonitors, type TraceWindow } from './trace-monitors.ts';

export { MonitorEvent, type SeenCall } from './event.ts';
export { LiveMonitors } from './live-monitors.ts';
export { type MonitorHandler, type MonitorOptions, Monitors } from './monitors.ts';
export { TraceMonitors, type TraceWindow } from './trace-monitors.ts';

/** The monitors of a guest, none started. */
export function monitorsOf(guest: LiveGuest): LiveMonitors;
/** The same of a trace, or of a part of it. */
export function monitorsOf(guest: TraceGuest, window?: TraceWindow): TraceMonitors;
export function monitorsOf(guest: LiveGuest | TraceGuest, window?: TraceWindow): LiveMonitors | TraceMonitors {
  return guest instanceof TraceGuest ? new TraceMonitors(guest, window) : new LiveMonitors(guest);
}
