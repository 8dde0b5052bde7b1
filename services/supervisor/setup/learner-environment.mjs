import { join } from 'node:path';
import { run } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { showing } from './progress.mjs';

/**
 * Makes the learner's Python environment, or finds it.
 * @param {{ root: string, cache: string, progress: import('./progress.mjs').Progress }} options
 * @returns {Promise<string>} path of its interpreter
 */
export function prepareLearner({ root, cache, progress }) {
  return showing(progress, 'Preparing the Python environment of the learner', async (task) => {
    /** @type {string | undefined} */
    let python;
    /** @type {{ reason?: string, remedy?: string }} */
    let error = {};
    const finished = await run(process.execPath, [join(root, 'services', 'learner', 'environment.mjs')], {
      cwd: root,
      env: { GQR_CACHE: cache },
      onLine: (line) => {
        const event = parseEvent(line);
        if (event?.type === 'progress')
          task.update({ done: event.done ?? 0, total: event.total ?? 0, unit: event.unit ?? '', note: event.message ?? '' });
        if (event?.type === 'result') python = event.python;
        if (event?.type === 'error') error = event;
      },
    });
    if (python !== undefined && finished.code === 0) return python;
    throw new SetupFailure(
      `The learner's Python environment could not be made: ${error.reason ?? finished.tail}`,
      error.remedy ?? 'node services/learner/environment.mjs shows all that it does.',
    );
  });
}

/**
 * @param {string} line
 * @returns {{ type?: string, done?: number, total?: number, unit?: string, message?: string, python?: string, reason?: string, remedy?: string } | undefined}
 */
function parseEvent(line) {
  try {
    const event = JSON.parse(line);
    return typeof event === 'object' && event !== null ? event : undefined;
  } catch {
    return undefined;
  }
}
