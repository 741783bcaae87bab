import { Command } from 'commander';
import { UserError } from '../emu/errors.ts';
import { loadInkFast } from './ink-loading.ts';
import { readMarks } from './marks.ts';
import { keepYoungSmall } from './memory.ts';
import { TraceSource } from './source/trace-source.ts';
import { isTooSmall, SMALLEST } from './state/state.ts';

/** `view FILE`: a trace on the terminal. Throws UserError. */
export function viewCommand(): Command {
  return new Command('view')
    .description('look around in a trace: processes, events, details, pages; ? shows the keys')
    .argument('<file>', 'the trace')
    .action(view);
}

/** Damaged places that are told at the end. */
const TOLD = 5;

async function view(file: string): Promise<void> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new UserError('view wants a terminal; replay and query write to pipes and files');
  if (process.env.TERM === 'dumb')
    throw new UserError('view wants a terminal that can be drawn on (TERM is dumb); replay and query write lines');
  const { columns, rows } = stdout;
  if (isTooSmall({ columns, rows })) {
    throw new UserError(
      `the terminal has ${columns}x${rows}; view wants ${SMALLEST.columns}x${SMALLEST.rows} at least`,
    );
  }
  let source = TraceSource.open(file);
  try {
    const kept = readMarks(file, source.headerHash);
    // What draws is large: other verbs need not wait for it.
    // React is faster without what helps its developers.
    process.env.NODE_ENV ??= 'production';
    loadInkFast();
    keepYoungSmall();
    const { runView } = await import('./run.ts');
    keepYoungSmall();
    source = await runView(source, kept);
  } finally {
    source.close();
  }
  const { findings } = source;
  for (const finding of findings.slice(0, TOLD)) process.stderr.write(`trapline: ${file}: ${finding}\n`);
  const more = findings.length - TOLD;
  if (more > 0) process.stderr.write(`trapline: ${file}: ... and ${more} more: verify tells all\n`);
  if (findings.length > 0) process.exitCode = 1;
}
