import { show } from './app.tsx';
import type { KeptMarks } from './marks.ts';
import { keepMemoryLow } from './memory.ts';
import { Session } from './session.ts';
import type { TraceSource } from './source/trace-source.ts';
import { Painter } from './terminal.ts';

/** Signals that end the program: the terminal is given back first. */
const ENDINGS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
const SIGNAL_STATUS = 128;
const SIGNAL_NUMBERS: Readonly<Record<(typeof ENDINGS)[number], number>> = { SIGTERM: 15, SIGHUP: 1, SIGINT: 2 };

/** Shows a trace until its user leaves. The terminal is given back however it ends. */
export async function runView(source: TraceSource, kept: KeptMarks): Promise<void> {
  const { stdin, stdout } = process;
  const painter = new Painter(stdout);
  const restore = (): void => {
    if (stdin.isTTY) stdin.setRawMode(false);
    painter.leave();
  };
  process.once('exit', restore);
  try {
    painter.enter();
    await new Promise<void>((resolve, reject) => {
      const session = new Session(source, {
        columns: stdout.columns,
        rows: stdout.rows,
        kept,
        onQuit: () => end(resolve),
        onRedraw: () => painter.forget(),
      });
      const resized = (): void => {
        painter.forget();
        session.resize(stdout.columns, stdout.rows);
      };
      const failed = (error: unknown): void => end(() => reject(error));
      const ended = (signal: (typeof ENDINGS)[number]): void => {
        process.exitCode = SIGNAL_STATUS + SIGNAL_NUMBERS[signal];
        end(resolve);
      };
      stdout.on('resize', resized);
      process.on('uncaughtException', failed);
      for (const signal of ENDINGS) process.on(signal, ended);
      const hide = show(session, painter, stdin);
      const letMemoryGo = keepMemoryLow(session.runner);

      function end(then: () => void): void {
        stdout.off('resize', resized);
        process.off('uncaughtException', failed);
        for (const signal of ENDINGS) process.off(signal, ended);
        session.runner.stop();
        letMemoryGo();
        hide();
        then();
      }
    });
  } finally {
    restore();
    process.off('exit', restore);
    stdin.unref();
  }
}
