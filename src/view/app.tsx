import { EventEmitter } from 'node:events';
import { render, useInput } from 'ink';
import { Frame } from './components/frame.tsx';
import { withLines } from './components/line-places.ts';
import { keysOf } from './key-names.ts';
import type { Session } from './session.ts';
import type { FrameOutput } from './terminal.ts';

function App({ session }: { readonly session: Session }) {
  useInput((input, key) => {
    for (const name of keysOf(input, key)) session.press(name);
  });
  return <Frame session={session} />;
}

/** What Ink takes for its terminal: a column wide, for that is all that it gets of a line. */
class NarrowOutput extends EventEmitter implements FrameOutput {
  readonly isTTY = true;
  readonly columns = 1;
  readonly #output: FrameOutput;

  constructor(output: FrameOutput) {
    super();
    this.#output = output;
  }

  get rows(): number {
    return this.#output.rows;
  }

  write(frame: string): boolean {
    return this.#output.write(withLines(frame));
  }
}

/** A session on the screen. */
export interface Shown {
  /** Shows another one in its place. */
  readonly replace: (session: Session) => void;
  readonly hide: () => void;
}

/** Shows a session until it is hidden. */
export function show(session: Session, output: FrameOutput, stdin: NodeJS.ReadStream): Shown {
  const ink = render(<App session={session} />, {
    stdout: new NarrowOutput(output) as unknown as NodeJS.WriteStream,
    stdin,
    // Whole frames, each at once: the output finds out what changed.
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  return { replace: (other) => ink.rerender(<App session={other} />), hide: () => ink.unmount() };
}
