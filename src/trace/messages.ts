/** The small messages of a trace as plain objects; what each field means stands in proto/trace.proto. */
import { trapline } from './generated/trace.js';
import { type ChunkSummary, summaryFromMessage, summaryToMessage } from './summary.ts';

export const FORMAT_MAJOR = 1;
export const FORMAT_MINOR = 3;

const NO_BYTES = new Uint8Array(0);

/** protobufjs gives Node's Buffers, whose `slice` does not copy: nobody should have to know. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** What was recorded. */
export interface TraceHeader {
  readonly program: string;
  /** Seconds since 1970, UTC, that the guest's clock said at reset. */
  readonly guestStart: number;
  readonly kernelName: string;
  readonly kernelSha256: Uint8Array;
  readonly kernelRelease: string;
  readonly kernelCommandLine: string;
  /** Empty when there is none. */
  readonly initrdSha256: Uint8Array;
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  /** Bytes of guest RAM. */
  readonly memory: number;
  readonly cpuVendor: string;
  readonly traps: readonly string[];
  readonly shares: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly hostNote: string;
}

/** A header with nothing in it, to be spread over. */
export const EMPTY_HEADER: TraceHeader = {
  program: '',
  guestStart: 0,
  kernelName: '',
  kernelSha256: NO_BYTES,
  kernelRelease: '',
  kernelCommandLine: '',
  initrdSha256: NO_BYTES,
  command: [],
  environment: [],
  workingDirectory: '',
  memory: 0,
  cpuVendor: '',
  traps: [],
  shares: [],
  settings: {},
  hostNote: '',
};

export interface FormatVersion {
  readonly major: number;
  readonly minor: number;
}

export function encodeHeader(header: TraceHeader): Uint8Array {
  const { traps, shares, settings, command, environment, ...rest } = header;
  return trapline.Header.encode({
    ...rest,
    formatMajor: FORMAT_MAJOR,
    formatMinor: FORMAT_MINOR,
    command: [...command],
    environment: [...environment],
    trap: [...traps],
    share: [...shares],
    setting: { ...settings },
  }).finish();
}

export function decodeHeader(payload: Uint8Array): { header: TraceHeader; version: FormatVersion } {
  const message = trapline.Header.decode(payload);
  return {
    version: { major: message.formatMajor, minor: message.formatMinor },
    header: {
      program: message.program,
      guestStart: message.guestStart,
      kernelName: message.kernelName,
      kernelSha256: plain(message.kernelSha256),
      kernelRelease: message.kernelRelease,
      kernelCommandLine: message.kernelCommandLine,
      initrdSha256: plain(message.initrdSha256),
      command: message.command,
      environment: message.environment,
      workingDirectory: message.workingDirectory,
      memory: message.memory,
      cpuVendor: message.cpuVendor,
      traps: message.trap,
      shares: message.share,
      settings: message.setting,
      hostNote: message.hostNote,
    },
  };
}

/** How a recording ended. */
export interface TraceEnd {
  readonly exitStatus: number;
  /** "exit", "power-off", "interrupt", "write-error" ... */
  readonly reason: string;
  readonly message: string;
  readonly instructions: number;
  /** Virtual nanoseconds. */
  readonly time: number;
  readonly events: number;
  /** Events that happened and are not in the trace. */
  readonly lost: number;
  /** Events whose task is not known. */
  readonly unattributed: number;
  /** Hash of the whole machine; empty when it was not taken. */
  readonly stateSha256: Uint8Array;
  readonly totals: Readonly<Record<string, number>>;
}

export function encodeEnd(end: TraceEnd): Uint8Array {
  const { totals, ...rest } = end;
  return trapline.End.encode({ ...rest, total: { ...totals } }).finish();
}

/** What an end says is missing from the trace, or undefined. */
export function missingAtEnd(end: TraceEnd): string | undefined {
  const why = end.message === '' ? end.reason : end.message;
  if (end.lost > 0) return `${end.lost} ${end.lost === 1 ? 'event was' : 'events were'} lost while recording (${why})`;
  return end.reason === 'write-error' ? `the recording could not go on (${why}): later events are missing` : undefined;
}

export function decodeEnd(payload: Uint8Array): TraceEnd {
  const message = trapline.End.decode(payload);
  return {
    exitStatus: message.exitStatus,
    reason: message.reason,
    message: message.message,
    instructions: message.instructions,
    time: message.time,
    events: message.events,
    lost: message.lost,
    unattributed: message.unattributed,
    stateSha256: plain(message.stateSha256),
    totals: message.total,
  };
}

/** Something known about the guest. */
export interface Fact {
  readonly name: string;
  /** Any JSON value, as text; empty when the fact is all in `data`. */
  readonly json: string;
  readonly data: Uint8Array;
}

export function encodeProfile(facts: readonly Fact[]): Uint8Array {
  return trapline.Profile.encode({ fact: facts.map((fact) => ({ ...fact })) }).finish();
}

export function decodeProfile(payload: Uint8Array): Fact[] {
  return trapline.Profile.decode(payload).fact.map((fact) => ({
    name: fact.name ?? '',
    json: fact.json ?? '',
    data: plain(fact.data ?? NO_BYTES),
  }));
}

/** A piece of a section of a machine state: see StatePart in proto/trace.proto. */
export interface StatePart {
  readonly state: number;
  readonly icount: number;
  readonly section: string;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly last: boolean;
  readonly stateSha256: Uint8Array;
}

export function encodeStatePart(part: StatePart): Uint8Array {
  return trapline.StatePart.encode(part).finish();
}

export function decodeStatePart(payload: Uint8Array): StatePart {
  const { state, icount, section, offset, data, last, stateSha256 } = trapline.StatePart.decode(payload);
  return { state, icount, section, offset, data: plain(data), last, stateSha256: plain(stateSha256) };
}

/** Where a frame is; for events also what is in it. */
export interface IndexEntry {
  readonly number: number;
  readonly offset: number;
  readonly kind: number;
  readonly summary: ChunkSummary | undefined;
  /** Of a frame of calls what is in it: `CallIndex.groups`. */
  readonly callGroups: Uint8Array | undefined;
}

export function encodeIndex(entries: readonly IndexEntry[]): Uint8Array {
  return trapline.Index.encode({
    entry: entries.map(({ number, offset, kind, summary, callGroups }) => ({
      number,
      offset,
      kind,
      summary: summary === undefined ? null : summaryToMessage(summary),
      ...(callGroups === undefined ? {} : { callGroups }),
    })),
  }).finish();
}

/** Throws ColumnError when a summary is damaged. */
export function decodeIndex(payload: Uint8Array): IndexEntry[] {
  return trapline.Index.decode(payload).entry.map((entry) => ({
    number: entry.number ?? 0,
    offset: entry.offset ?? 0,
    kind: entry.kind ?? 0,
    summary: entry.summary ? summaryFromMessage(entry.summary) : undefined,
    callGroups: entry.callGroups?.length ? plain(entry.callGroups) : undefined,
  }));
}
