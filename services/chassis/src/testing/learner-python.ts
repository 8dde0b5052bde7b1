import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LOCK = fileURLToPath(new URL('../../../../learner/requirements.lock', import.meta.url));

/** Python of the learner's environment, which lies in the cache under the hash of its lock file; undefined where it was not made. */
export const learnerPython = ((): string | undefined => {
  const cache = process.env['GQR_CACHE'];
  if (cache === undefined) return undefined;
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex').slice(0, 16);
  const python = join(cache, 'learner', hash, 'bin', 'python');
  return existsSync(python) ? python : undefined;
})();

export const NO_LEARNER = "needs the learner's Python environment: node services/learner/environment.mjs makes it below GQR_CACHE";
