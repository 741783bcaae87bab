import { Command, CommanderError } from 'commander';
import { viewCommands } from './analyze/command.ts';
import { exportCommand } from './analyze/export/command.ts';
import { historyCommands } from './analyze/history/command.ts';
import { queryCommand } from './analyze/query/command.ts';
import { UserError } from './emu/errors.ts';
import { recordCommand } from './record/command.ts';
import { infoCommand, verifyCommand } from './replay/command.ts';
import { replayCommand } from './replay/replay-command.ts';
import { systemReason } from './trace/system-reason.ts';
import { VERSION } from './version.ts';
import { viewCommand } from './view/command.ts';
import { demoCommand } from './view/demo-command.ts';

const USAGE = 2;

/** Runs the program with its arguments (without node and script). Sets the exit status. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('trapline')
    .description('Runs an unmodified x86 system in its own emulator and records what its programs do.')
    .version(VERSION)
    .enablePositionalOptions();
  const commands = [
    recordCommand(),
    replayCommand(),
    infoCommand(),
    verifyCommand(),
    queryCommand(),
    exportCommand(),
    ...historyCommands(),
    ...viewCommands(),
    viewCommand(),
    demoCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: () => {} });
  process.stdout.on('error', (error) => {
    process.exitCode = statusOf(error);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = statusOf(error);
  }
}

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
  process.stderr.write(`trapline: can't ${syscall ?? 'go on'}${path === undefined ? '' : ` ${path}`}: ${reason}\n`);
  return 1;
}
