/** What is recorded of a task whenever it changes: where each fact stands in its struct, and in the identity bytes. */
export interface TaskField {
  readonly name: 'pid' | 'tgid' | 'parent' | 'comm' | 'start';
  /** Members of task_struct to follow; all but the last are pointers to another task_struct. */
  readonly path: readonly string[];
  readonly size: number;
  /** Place in the identity. */
  readonly place: number;
  /** A change means that the pointer names another task. */
  readonly key: boolean;
}

// biome-ignore format: a table
export const TASK_FIELDS: readonly TaskField[] = [
  { name: 'pid',    path: ['pid'],                 size: 4,  place: 0,  key: true },
  { name: 'tgid',   path: ['tgid'],                size: 4,  place: 4,  key: false },
  { name: 'parent', path: ['real_parent', 'tgid'], size: 4,  place: 8,  key: false },
  { name: 'comm',   path: ['comm'],                size: 16, place: 16, key: false },
  { name: 'start',  path: ['start_time'],          size: 8,  place: 32, key: true },
];

export interface TaskIdentity {
  /** The kernel's task id: what user space calls tid. */
  readonly pid: number;
  /** Thread group: what user space calls pid. */
  readonly tgid: number;
  /** Thread group of the parent. */
  readonly parent: number;
  /** Its name, whose bytes are taken for UTF-8. Not for a terminal as it is. */
  readonly comm: string;
  /** Nanoseconds after boot at which it was started. */
  readonly start: bigint;
}

/** Bytes of an identity. */
export const IDENTITY_BYTES = 40;

/** Reads an identity; undefined if it is cut. */
export function parseIdentity(bytes: Uint8Array): TaskIdentity | undefined {
  if (bytes.length < IDENTITY_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const comm = bytes.subarray(16, 32);
  const end = comm.indexOf(0);
  return {
    pid: view.getInt32(0, true),
    tgid: view.getInt32(4, true),
    parent: view.getInt32(8, true),
    comm: Buffer.from(end < 0 ? comm : comm.subarray(0, end)).toString('utf8'),
    start: view.getBigUint64(32, true),
  };
}
