import { render, useInput } from 'ink';
import { Frame } from './components/frame.tsx';
import { keysOf } from './key-names.ts';
import type { Session } from './session.ts';
import type { FrameOutput } from './terminal.ts';

function App({ session }: { readonly session: Session }) {
  useInput((input, key) => {
    for (const name of keysOf(input, key)) session.press(name);
  });
  return <Frame session={session} />;
}

/** Shows a session until its end; gives back what takes it off the screen. */
export function show(session: Session, output: FrameOutput, stdin: NodeJS.ReadStream): () => void {
  const ink = render(<App session={session} />, {
    stdout: output as unknown as NodeJS.WriteStream,
    stdin,
    // Whole frames, each at once: the output finds out what changed.
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  return () => ink.unmount();
}
