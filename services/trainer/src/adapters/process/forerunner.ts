import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const PID_FILE = 'learner.pid';
const POLL_MS = 50;

const run = promisify(execFile);

export async function rememberPid(folder: string, pid: number): Promise<void> {
  await writeFile(join(folder, PID_FILE), String(pid));
}

/** The command line of a process; empty if there is none. */
async function commandOf(pid: number): Promise<string> {
  return run('ps', ['-o', 'args=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

/**
 * Ends a learner that an earlier, killed trainer started for the same job, and waits until it is gone. It ends by itself when its
 * standard input closes, but only at its next step, and two of them must not write one checkpoint. A process that got the number
 * since is told apart by its command line.
 */
export async function endForerunner(folder: string, jobPath: string): Promise<void> {
  const path = join(folder, PID_FILE);
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  while (pid > 0 && (await commandOf(pid)).includes(jobPath)) {
    await run('kill', ['-KILL', String(pid)]).catch(() => undefined); // it may have just ended
    await sleep(POLL_MS);
  }
  await rm(path, { force: true });
}
