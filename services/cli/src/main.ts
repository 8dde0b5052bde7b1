import { createInterface } from 'node:readline/promises';
import { runCommandLine } from './command-line.js';
import { ExitCode } from './exit-code.js';

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C in answer to the question leaves things as they are.
  const left = new AbortController();
  terminal.once('SIGINT', () => {
    left.abort();
  });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question}[y/N] `, { signal: left.signal })).trim());
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}

// A reader that has seen enough, such as head, is no error.
process.stdout.on('error', () => process.exit(ExitCode.Done));
process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  onInterrupt: (listener) => {
    process.on('SIGINT', listener);
    return () => process.off('SIGINT', listener);
  },
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
});
