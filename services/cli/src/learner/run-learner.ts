import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JsonValue } from '@bufbuild/protobuf';
import { z } from 'zod';
import { ExitCode } from '../exit-code.js';
import { CliFailure } from '../failure.js';
import type { ProgressUpdate } from '../terminal/progress-display.js';

const LEARNER = fileURLToPath(new URL('../../../../learner/', import.meta.url));

/** What a learner's command answers a line; services/learner/gqr_learner/worker.py has the protocol. */
const lineSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    stage: z.string().default(''),
    done: z.number().default(0),
    total: z.number().default(0),
    unit: z.string().default(''),
    rate: z.number().nullish(),
    secondsLeft: z.number().nullish(),
    message: z.string().default(''),
  }),
  z.object({ type: z.literal('result'), python: z.string().optional(), metrics: z.json().optional() }),
  z.object({ type: z.literal('error'), reason: z.string(), remedy: z.string() }),
]);
type Line = z.output<typeof lineSchema>;

/** A command of the learner on this machine. */
export interface LearnerJob {
  readonly command: string;
  readonly config: Readonly<Record<string, JsonValue>>;
  /** Files to read, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Folder for what the command makes, and for the job itself. */
  readonly out: string;
}

/** Watches a job. */
export interface LearnerWatch {
  readonly signal: AbortSignal;
  onProgress(update: ProgressUpdate): void;
}

/** Does a job in the learner's Python environment, which is made first where it is missing. Returns the metrics of its result. */
export async function runLearner(job: LearnerJob, watch: LearnerWatch): Promise<unknown> {
  const { python } = await follow(process.execPath, [join(LEARNER, 'environment.mjs')], LEARNER, watch);
  if (python === undefined)
    throw new CliFailure('The learner has no Python', 'Run node services/learner/environment.mjs.', ExitCode.Failed);
  const { command, config, inputs, out } = job;
  await mkdir(out, { recursive: true });
  const file = join(out, 'job.json');
  await writeFile(file, JSON.stringify({ config, inputs, out }));
  const { metrics } = await follow(python, ['-m', 'gqr_learner', command, '--job', file], LEARNER, watch);
  return metrics;
}

/** Runs a process that speaks the learner's protocol to its end. */
async function follow(command: string, args: readonly string[], cwd: string, watch: LearnerWatch): Promise<Line & { type: 'result' }> {
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  watch.signal.addEventListener('abort', stop, { once: true });
  let noise = '';
  child.stderr.on('data', (chunk: Buffer) => {
    noise = (noise + chunk.toString()).slice(-2_000);
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      resolve();
    });
  });
  let last: Line | undefined;
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parse(text);
    if (line?.type === 'progress') watch.onProgress(asUpdate(line));
    else last = line ?? last;
  }
  await ended;
  watch.signal.removeEventListener('abort', stop);
  watch.signal.throwIfAborted();
  if (last?.type === 'result') return last;
  if (last?.type === 'error') throw new CliFailure(last.reason, last.remedy, ExitCode.Failed);
  throw new CliFailure(`The learner ended without an answer: ${noise.trim()}`, 'See services/learner/README.md.', ExitCode.Failed);
}

function parse(text: string): Line | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function asUpdate({ stage, done, total, unit, rate, secondsLeft, message }: Line & { type: 'progress' }): ProgressUpdate {
  const title = stage === '' ? 'prepare the learner' : stage;
  return { title, done, total, unit, rate: rate ?? 0, secondsLeft: secondsLeft ?? undefined, message };
}
