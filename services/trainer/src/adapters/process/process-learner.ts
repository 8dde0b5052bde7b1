import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Learner, LearnerFailedError, type LearnerJob, type LearnerResult } from '../../domain/learner.js';
import type { StageProgress } from '../../domain/runs/run.js';
import { LEARNER_LOG } from '../files/directory-run-folder.js';
import { endForerunner, rememberPid } from './forerunner.js';
import { runWorker } from './worker-process.js';

const environmentResult = z.object({ python: z.string().min(1) });
const trainingResult = z.object({ metrics: z.record(z.string(), z.unknown()), files: z.array(z.string().min(1)).min(1) });

export interface ProcessLearnerOptions {
  /** Folder of the learner: environment.mjs and the package gqr_learner. */
  readonly folder: string;
  /** Version of the code, recorded beside what is made. */
  readonly codeVersion: string;
}

/** The learner as a child process, one a job. It ends when this process does, since its standard input is a pipe from here. */
export class ProcessLearner implements Learner {
  constructor(private readonly options: ProcessLearnerOptions) {}

  async prepare(signal: AbortSignal, report: (progress: StageProgress) => void): Promise<void> {
    await this.python(signal, report);
  }

  async train(job: LearnerJob, signal: AbortSignal, report: (progress: StageProgress) => void): Promise<LearnerResult> {
    const python = await this.python(signal, () => undefined);
    const out = join(job.folder, 'out');
    await mkdir(out, { recursive: true });
    const path = join(job.folder, 'job.json');
    const { config, inputs } = job;
    await writeFile(path, JSON.stringify({ config, inputs, out, codeVersion: this.options.codeVersion }, null, 2));
    await endForerunner(job.folder, path);
    const log = await open(join(job.folder, LEARNER_LOG), 'a');
    try {
      const result = await runWorker(
        { command: python, args: ['-m', 'gqr_learner', job.command, '--job', path], cwd: this.options.folder, stderr: log.fd },
        signal,
        report,
        (pid) => rememberPid(job.folder, pid),
      );
      const parsed = trainingResult.safeParse(result);
      if (!parsed.success)
        throw new LearnerFailedError('the learner ended with a result that has no metrics and files', 'this is a fault of the learner');
      return { ...parsed.data, folder: out };
    } finally {
      await log.close();
    }
  }

  /** Path of the interpreter of the learner's environment, which is made if need be. */
  private async python(signal: AbortSignal, report: (progress: StageProgress) => void): Promise<string> {
    const script = join(this.options.folder, 'environment.mjs');
    const result = await runWorker(
      { command: process.execPath, args: [script], cwd: this.options.folder, stderr: 'inherit' },
      signal,
      report,
    );
    const parsed = environmentResult.safeParse(result);
    if (!parsed.success) throw new LearnerFailedError("the learner's environment names no interpreter", 'this is a fault of the learner');
    return parsed.data.python;
  }
}
