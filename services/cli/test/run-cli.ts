import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { runCommandLine } from '../src/command-line.js';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one document on standard output. */
  readonly json: () => Record<string, unknown>;
}

function finished(code: number | null, stdout: string, stderr: string): Finished {
  return { code, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> };
}

function collector(): { stream: Writable; text: () => string } {
  let text = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  return { stream, text: () => text };
}

/** Runs a command within this process; `interruptWhen` presses Ctrl-C once standard error holds a text. */
export async function runCli(
  args: readonly string[],
  environment: Record<string, string>,
  { interruptWhen, answer }: { interruptWhen?: string; answer?: boolean } = {},
): Promise<Finished> {
  const stdout = collector();
  const stderr = collector();
  const listeners = new Set<() => void>();
  const timer = setInterval(() => {
    if (interruptWhen === undefined || !stderr.text().includes(interruptWhen)) return;
    clearInterval(timer);
    listeners.forEach((listener) => {
      listener();
    });
  }, 10);
  const code = await runCommandLine(args, {
    environment,
    stdout: stdout.stream,
    stderr: stderr.stream,
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ask: answer === undefined ? undefined : () => Promise.resolve(answer),
  });
  clearInterval(timer);
  return finished(code, stdout.text(), stderr.text());
}

const BIN = new URL('../../bin/gqr.js', import.meta.url).pathname;

/** Runs the command as users do: as a process of its own. */
export function runBin(args: readonly string[], environment: Record<string, string>, stdin = ''): Promise<Finished> {
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(stdin);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      resolve(finished(code, stdout, stderr));
    });
  });
}
