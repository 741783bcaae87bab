import { render, useInput } from 'ink';
import { Frame } from './components/frame.tsx';
import { keysOf } from './key-names.ts';
import type { Session } from './session.ts';
import type { Painter } from './terminal.ts';

function App({ session }: { readonly session: Session }) {
  useInput((input, key) => {
    for (const name of keysOf(input, key)) session.press(name);
  });
  return <Frame session={session} />;
}

/** Shows a session until its end; gives back what takes it off the screen. */
export function show(session: Session, painter: Painter, stdin: NodeJS.ReadStream): () => void {
  const ink = render(<App session={session} />, {
    // Ink asks its output for no more than the painter has: its size, its changes of size, and to be written to.
    stdout: painter as unknown as NodeJS.WriteStream,
    stdin,
    // Whole frames, each at once: the painter finds out what changed.
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  return () => ink.unmount();
}
