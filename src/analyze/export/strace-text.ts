import { parseFilter } from '../../replay/call-filter.ts';
import { callColumns } from '../../replay/calls.ts';
import type { TextOutput } from '../../replay/output.ts';
import { Reconstruction } from '../../replay/reconstruction.ts';
import { StraceWriter } from '../../replay/strace/writer.ts';
import type { TraceModel } from '../model/trace-model.ts';

/** As `strace -f -ttt -T -o` writes: a thread id, seconds since 1970, the call, the time spent in it. */
export function writeStrace({ reader }: TraceModel, wholeGuest: boolean, output: TextOutput): void {
  const { command, guestStart, traps } = reader.header;
  const options = {
    filter: parseFilter(['trace=all']),
    stringLimit: 32,
    verbose: false,
    paths: false,
    durations: true,
    times: 'absolute',
    log: { epoch: guestStart },
  } as const;
  const reconstruction = new Reconstruction(
    { commandOnly: !wholeGuest && command.length > 0, recorded: traps, descriptors: false },
    () => new StraceWriter(output, options, undefined),
  );
  for (const chunk of reader.chunks({}, callColumns({ arguments: true, times: true }))) reconstruction.feed(chunk);
  reconstruction.end();
}
