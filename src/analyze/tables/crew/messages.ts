import type { MessagePort } from 'node:worker_threads';
import type { TableName } from '../../schema.ts';
import type { Constraints } from '../scan.ts';
import type { RowMessage } from './row-message.ts';

/** What a thread is told when it begins. */
export interface CrewStart {
  /** Of the trace. */
  readonly path: string;
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly constraints: Constraints;
  readonly wholeGuest: boolean;
  /** Places in the index of the chunks that are to be worked on. */
  readonly wanted: readonly number[];
  readonly control: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** One chunk that was worked on. */
export interface CrewMessage {
  /** Its place in `wanted`. */
  readonly i: number;
  /** What it takes as long as it is not taken. */
  readonly kibibytes: number;
  /** undefined: nothing could be made of it. */
  readonly rows: RowMessage | undefined;
  readonly loose: unknown;
  /** Places in the index of other chunks that were found damaged. */
  readonly damaged: readonly number[];
}
