import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically } from '@gqr/chassis/files/write-atomically';
import type { RunFolder } from '../../domain/runs/run-kind.js';

/** What the learner wrote on its standard error; kept when a run fails. */
export const LEARNER_LOG = 'learner.log';

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function entries(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
}

/** A run's folder below the state directory. Results of steps are `step.<name>.json`. */
export class DirectoryRunFolder implements RunFolder {
  private constructor(readonly path: string) {}

  static async open(path: string): Promise<DirectoryRunFolder> {
    await mkdir(path, { recursive: true });
    return new DirectoryRunFolder(path);
  }

  /** Removes the folder; of a run that failed the learner's log stays. */
  static async clear(path: string, failed: boolean): Promise<void> {
    if (!failed) {
      await rm(path, { recursive: true, force: true });
      return;
    }
    for (const name of await entries(path)) {
      if (name !== LEARNER_LOG) await rm(join(path, name), { recursive: true, force: true });
    }
  }

  /** Clears the folders of runs that had ended when the process was killed; what else lies there is left alone. */
  static async clearEnded(root: string, failedOf: (runId: string) => Promise<boolean | undefined>): Promise<void> {
    for (const runId of await entries(root)) {
      const failed = await failedOf(runId);
      if (failed !== undefined) await DirectoryRunFolder.clear(join(root, runId), failed);
    }
  }

  async once<T>(step: string, work: () => Promise<T>): Promise<T> {
    const path = join(this.path, `step.${step}.json`);
    const before = await readIfThere(path);
    if (before !== undefined) return JSON.parse(before) as T;
    const result = await work();
    await writeAtomically(path, JSON.stringify(result));
    return result;
  }

  async writeLines(name: string, documents: Iterable<unknown>): Promise<string> {
    const path = join(this.path, name);
    await writeAtomically(path, Array.from(documents, (document) => `${JSON.stringify(document)}\n`).join(''));
    return path;
  }

  async collect(name: string, from: string, files: readonly string[]): Promise<string> {
    const target = join(this.path, name);
    await rm(target, { recursive: true, force: true });
    for (const file of files) {
      await mkdir(dirname(join(target, file)), { recursive: true });
      await copyFile(join(from, file), join(target, file));
    }
    return target;
  }
}
