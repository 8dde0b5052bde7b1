import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another supervisor runs on the same data folder. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

const SQLITE_BUSY = 5;

/**
 * Holds a data folder for this process alone. It is SQLite's lock on an empty database: the kernel lets go of it when the process
 * dies, however it dies, so that it is never stale.
 * @throws AlreadyRunningError
 */
export function lockInstance(dataDir: string): { release(): void } {
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  const database = new DatabaseSync(join(dataDir, 'run', 'supervisor.lock'));
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new AlreadyRunningError(`GQR is running already on ${dataDir}`);
    }
    throw error;
  }
  return {
    release: () => {
      database.close();
    },
  };
}
