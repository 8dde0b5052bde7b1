import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { LearnerFailedError } from '../../domain/learner.js';
import type { StageProgress } from '../../domain/runs/run.js';

const progressLine = z.object({
  type: z.literal('progress'),
  stage: z.string(),
  done: z.number(),
  total: z.number(),
  unit: z.string(),
  rate: z.number(),
  secondsLeft: z.number().nullish(),
  message: z.string(),
});
const errorLine = z.object({ type: z.literal('error'), reason: z.string(), remedy: z.string() });
const workerLine = z.discriminatedUnion('type', [progressLine, errorLine, z.looseObject({ type: z.literal('result') })]);

export interface WorkerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Where its standard error goes. */
  readonly stderr: number | 'inherit';
}

/** How long a worker that was told to stop may take to write its checkpoint. */
const STOP_MS = 10_000;

function parse(line: string): z.output<typeof workerLine> | undefined {
  try {
    return workerLine.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // a line that is not of the protocol
  }
}

/**
 * Runs a command that speaks the learner's protocol, JSON lines on its standard output, and returns its result line. The command
 * gets a pipe as standard input that is never written to: when this process dies the pipe closes, and the command ends.
 * @throws LearnerFailedError; the signal's reason, once the command is gone
 */
export async function runWorker(
  { command, args, cwd, stderr }: WorkerCommand,
  signal: AbortSignal,
  report: (progress: StageProgress) => void,
  onStart: (pid: number) => Promise<void> = () => Promise.resolve(),
): Promise<Record<string, unknown>> {
  signal.throwIfAborted();
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', stderr] }) as ChildProcessByStdio<Writable, Readable, null>;
  const gone = new Promise<{ code: number | null; ending: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', (error) => {
      reject(new LearnerFailedError(`the learner could not be started: ${error.message}`, 'check GQR_LEARNER_DIR and GQR_CACHE'));
    });
    child.once('close', (code, ending) => {
      resolve({ code, ending });
    });
  });
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref();
  };
  signal.addEventListener('abort', stop, { once: true });
  let last: z.output<typeof workerLine> | undefined;
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parse(text);
    if (line?.type === 'progress') report({ ...line, secondsLeft: line.secondsLeft ?? undefined });
    else if (line !== undefined) last = line;
  });
  try {
    if (child.pid !== undefined) await onStart(child.pid);
    const { code, ending } = await gone;
    signal.throwIfAborted();
    if (last?.type === 'result' && code === 0) return last;
    if (last?.type === 'error') throw new LearnerFailedError(last.reason, last.remedy);
    const how = ending === null ? `status ${String(code)}` : `signal ${ending}`;
    throw new LearnerFailedError(
      `the learner ended without a result (${how})`,
      'its log lies in the folder of the run; if memory was short, use a smaller batch',
    );
  } finally {
    signal.removeEventListener('abort', stop);
    child.kill('SIGKILL');
  }
}
