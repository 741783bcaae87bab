import { Command, CommanderError } from 'commander';
import { UserError } from './emu/errors.ts';
import { systemReason } from './trace/system-reason.ts';
import { VERSION } from './version.ts';

const USAGE = 2;

/** A module's verbs, in the order in which help lists them, and how to get them. */
interface Verbs {
  readonly names: readonly string[];
  readonly load: () => Promise<readonly Command[]>;
}

/** A verb is loaded when it is asked for: the other verbs' modules take longer to load than many a question to answer. */
export const VERBS: readonly Verbs[] = [
  { names: ['record'], load: async () => [(await import('./record/command.ts')).recordCommand()] },
  { names: ['replay'], load: async () => [(await import('./replay/replay-command.ts')).replayCommand()] },
  {
    names: ['info', 'verify'],
    load: async () => {
      const { infoCommand, verifyCommand } = await import('./replay/command.ts');
      return [infoCommand(), verifyCommand()];
    },
  },
  { names: ['query'], load: async () => [(await import('./analyze/query/command.ts')).queryCommand()] },
  { names: ['export'], load: async () => [(await import('./analyze/export/command.ts')).exportCommand()] },
  {
    names: ['writes', 'last-writer', 'page', 'diff'],
    load: async () => (await import('./analyze/history/command.ts')).historyCommands(),
  },
  {
    names: ['os', 'ps', 'modules', 'files', 'sockets', 'maps', 'hooks'],
    load: async () => (await import('./analyze/command.ts')).viewCommands(),
  },
  { names: ['view'], load: async () => [(await import('./view/command.ts')).viewCommand()] },
  { names: ['demo'], load: async () => [(await import('./view/demo-command.ts')).demoCommand()] },
];

/** The verb that the arguments begin with; all of them for help, and where there is no such verb. */
async function commandsFor(verb: string | undefined): Promise<readonly Command[]> {
  const own = VERBS.find(({ names }) => verb !== undefined && names.includes(verb));
  const loaded = await Promise.all((own === undefined ? VERBS : [own]).map(({ load }) => load()));
  return loaded.flat();
}

/** Runs the program with its arguments (without node and script). Sets the exit status. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('trapline')
    .description('Runs an unmodified x86 system in its own emulator and records what its programs do.')
    .version(VERSION)
    .enablePositionalOptions();
  for (const command of await commandsFor(args[0])) program.addCommand(command);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: () => {} });
  process.stdout.on('error', (error) => {
    process.exitCode = statusOf(error);
  });
  try {
    await program.parseAsync(args.map(asOperand), { from: 'user' });
  } catch (error) {
    process.exitCode = statusOf(error);
  }
}

/** SQL may begin with a comment: no option has a blank behind its dashes. */
const asOperand = (word: string): string => (/^--\s/.test(word) ? `\n${word}` : word);

function statusOf(error: unknown): number {
  if (error instanceof UserError) {
    process.stderr.write(`trapline: ${error.message}\n`);
    return error.status;
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code !== 'commander.help') process.stderr.write(`trapline: ${error.message.replace(/^error: /, '')}\n`);
    return USAGE;
  }
  const reason = systemReason(error);
  if (reason === undefined) throw error;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  // A reader that went away (`| head`) is the end of the work, not a failure.
  if (code === 'EPIPE') return 0;
  const place = path ?? (syscall === 'write' ? 'to standard output' : undefined);
  process.stderr.write(`trapline: can't ${syscall ?? 'go on'}${place === undefined ? '' : ` ${place}`}: ${reason}\n`);
  return 1;
}
