import { open, rm, stat, utimes } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 2_000;
/** A holder that was killed stops touching its lock; after this long it is taken over. */
const STALE_MS = 30_000;

async function tryTake(path) {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const lastBeat = await stat(path).catch(() => undefined);
    if (lastBeat !== undefined && Date.now() - lastBeat.mtimeMs > STALE_MS) await rm(path, { force: true });
    return false;
  }
}

/**
 * Runs `work` while no other process of this machine does. It saves building twice and no more than that: should two processes
 * take over one stale lock at the same moment, both build, each in a folder of its own, and the first to finish is kept.
 */
export async function withBuildLock(path, { report, signal }, work) {
  for (let told = false; !(await tryTake(path)); told = true) {
    if (!told) report({ stage: 'wait', message: 'another process is making the environment' });
    await sleep(500, undefined, { signal });
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}
