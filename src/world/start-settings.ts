/** Names in the header's settings of a trace that say where its recording began: written by record, read by re-execution. */
export const START_SETTING = {
  /** Key of the booted guest in the snapshot cache. */
  key: 'start.key',
  /** Hash of the whole machine at the start, hexadecimal. */
  state: 'start.sha256',
  /** Virtual CPUs; 1 where it is not there. */
  processors: 'cpus',
  /** Sectors of 512 bytes of the disk; what is read of it is in the input log. */
  sectors: 'disk.sectors',
} as const;
