import { statSync } from 'node:fs';
import { UserError } from '../emu/errors.ts';
import type { Session } from './session.ts';
import { TraceSource } from './source/trace-source.ts';

/** Milliseconds from one look at the file to the next. */
const LOOK = 1000;

/** Tells a session when more of its trace is recorded. Returns what ends it. */
export function watchGrowth(session: Session): () => void {
  const { reader } = session.source.model;
  if (session.source.hasEnded) return () => {};
  const timer = setInterval(() => {
    const size = statSync(reader.path, { throwIfNoEntry: false })?.size ?? 0;
    if (size <= reader.size) return;
    clearInterval(timer);
    session.hasGrown = true;
    session.changed();
  }, LOOK);
  return () => clearInterval(timer);
}

/** The same trace with what was recorded since. Throws UserError when nothing was. */
export function grown(source: TraceSource): TraceSource {
  if (source.hasEnded) throw new UserError('the recording has ended: this is all of it');
  const next = TraceSource.open(source.model.reader.path);
  if (next.headerHash === source.headerHash && (next.hasEnded || next.count > source.count)) return next;
  const other = next.headerHash !== source.headerHash;
  next.close();
  throw new UserError(other ? 'another trace has taken its place: open it anew' : 'no more events are in the file yet');
}
