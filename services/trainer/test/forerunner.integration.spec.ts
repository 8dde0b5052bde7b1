import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endForerunner, rememberPid } from '../src/adapters/process/forerunner.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'gqr-job-'));

/** A process that does nothing, with `argument` on its command line. */
function start(argument: string): { pid: number; gone: Promise<NodeJS.Signals | null>; kill: () => void } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)', argument], { stdio: 'ignore' });
  const gone = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('exit', (_code, signal) => {
      resolve(signal);
    }),
  );
  return { pid: child.pid ?? 0, gone, kill: () => child.kill() };
}

it('ends a learner of the same job that outlived its trainer, and waits until it is gone', async () => {
  const job = folder();
  const learner = start(join(job, 'job.json'));
  await rememberPid(job, learner.pid);
  await endForerunner(job, join(job, 'job.json'));
  expect(await learner.gone).toBe('SIGKILL');
  expect(readdirSync(job)).toEqual([]);
});

it('leaves a process alone that has got the number since', async () => {
  const job = folder();
  const stranger = start('something else');
  await rememberPid(job, stranger.pid);
  await endForerunner(job, join(job, 'job.json'));
  stranger.kill();
  expect(await stranger.gone).toBe('SIGTERM');
});

it('has nothing to do for a job that was never begun', async () => {
  await expect(endForerunner(folder(), '/job.json')).resolves.toBeUndefined();
});
