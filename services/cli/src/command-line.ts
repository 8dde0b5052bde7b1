import { type Command, CommanderError } from 'commander';
import { readCliConfig } from './config.js';
import type { Action, Context } from './context.js';
import { ExitCode } from './exit-code.js';
import { buildProgram, type GlobalOptions } from './program.js';
import { renderError } from './terminal/render-error.js';
import { type Stream, Terminal } from './terminal/terminal.js';

/** What surrounds a command. */
export interface Surroundings {
  readonly environment: Record<string, string | undefined>;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly onInterrupt: Context['onInterrupt'];
  readonly ask: Context['ask'];
}

function contextFor(options: GlobalOptions, terminal: Terminal, around: Surroundings): Context {
  const config = readCliConfig(around.environment);
  const { gateway, generation, trainer, simulator } = options;
  return {
    terminal,
    dataDir: config.dataDir,
    addresses: {
      ...config.addresses,
      ...(gateway && { gateway }),
      ...(generation && { generation }),
      ...(trainer && { trainer }),
      ...(simulator && { simulator }),
    },
    timeoutMs: options.timeout,
    onInterrupt: around.onInterrupt,
    ask: around.ask,
  };
}

/** Shows what was thrown, and says with which status to end. */
function fail(error: unknown, terminal: Terminal): ExitCode {
  const rendered = renderError(error);
  if (rendered === undefined) throw error;
  terminal.remark(rendered.text);
  if (terminal.json) terminal.result(rendered.document, '');
  return rendered.exitCode;
}

/** Has every command throw where commander would end the process by itself, and write where it should. */
function tame(command: Command, streams: Pick<Surroundings, 'stdout' | 'stderr'>): void {
  command
    .exitOverride()
    .showHelpAfterError('(--help explains and gives examples)')
    .configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) });
  for (const each of command.commands) tame(each, streams);
}

/**
 * Runs one command.
 * @param args arguments after the name of the program
 * @returns the exit status
 */
export async function runCommandLine(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.Done;
  // Known before the arguments are parsed, because faults in them are reported as a document too.
  const terminal = new Terminal(args.includes('--json'), around.stdout, around.stderr);
  const run = async (action: Action): Promise<void> => {
    exitCode = await action(contextFor(program.opts<GlobalOptions>(), terminal, around));
  };
  const program = buildProgram(run);
  tame(program, around);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error, terminal);
    if (error.exitCode === 0) return ExitCode.Done;
    if (terminal.json) terminal.result({ error: { message: error.message } }, '');
    return ExitCode.WrongUsage;
  }
}
