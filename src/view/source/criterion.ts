import type { EventPlace } from '../../analyze/model/chunk-store.ts';
import { kindName } from '../../analyze/model/event-kind.ts';
import type { EventTest } from '../../analyze/model/event-test.ts';
import { UserError } from '../../emu/errors.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { Criterion } from '../state/effect.ts';
import { ofProcess } from './filter.ts';
import { filesOf, isAbout } from './subjects.ts';
import type { TraceSource } from './trace-source.ts';

export interface Sought {
  readonly test: EventTest;
  /** What is looked for, for the message that there is none. */
  readonly name: string;
}

const isEntry = ({ chunk, row }: EventPlace): boolean => chunk.kind(row) === EVENT_KIND.callEntry;

/** What another event must be to have something in common with this one. Throws UserError where this one lacks it. */
export function criterion(what: Criterion, place: EventPlace, source: TraceSource): Sought {
  const { chunk, row } = place;
  switch (what) {
    case 'failure':
      return {
        name: 'call that failed',
        test: {
          mayHold: ({ kinds }) => kinds.has(EVENT_KIND.callEntry),
          passes: (other) => isEntry(other) && source.calls.entered(other, 1).call.failed,
        },
      };
    case 'process': {
      const identity = source.identity(chunk.task(row), chunk.firstEvent + row);
      if (identity === undefined) throw new UserError('the event under the cursor is of no process that is known');
      return { name: `event of process ${identity.tgid}`, test: ofProcess(identity.tgid, source) };
    }
    case 'call': {
      const call = chunk.call(row);
      if (call === undefined) throw new UserError('the event under the cursor is no call');
      return {
        name: 'call of this kind',
        test: {
          mayHold: ({ calls }) => calls.includes(call),
          passes: (other) => other.chunk.call(other.row) === call,
        },
      };
    }
    case 'file': {
      const path = isEntry(place) ? filesOf(place, source)[0] : undefined;
      if (path === undefined) throw new UserError('the event under the cursor is about no file that is known');
      return {
        name: 'call about this file',
        test: {
          mayHold: ({ kinds }) => kinds.has(EVENT_KIND.callEntry),
          passes: (other) => isEntry(other) && isAbout(other, source, path, true),
        },
      };
    }
    case 'kind': {
      const kind = kindName(chunk, row);
      return {
        name: `event of kind ${kind}`,
        test: {
          mayHold: ({ kinds }) => kinds.has(chunk.kind(row)),
          passes: (other) => kindName(other.chunk, other.row) === kind,
        },
      };
    }
  }
}
