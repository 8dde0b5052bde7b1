import type { Traffic } from '../context.js';
import type { Pool } from './query-writer.js';

/** For which traffic lists are drawn from which pools. */
export interface PoolSettings {
  readonly live: Pool;
  readonly simulated: Pool;
  /** Tasks whose lists rest on the session: their pools are never shared between sessions. */
  readonly sessionTasks: ReadonlySet<string>;
}

/** The pool for a task's lists. */
export function choosePool(settings: PoolSettings, taskId: string, traffic: Traffic): Pool {
  const pool = settings[traffic];
  return settings.sessionTasks.has(taskId) ? { ...pool, key: 'prompt' } : pool;
}
