import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SetupFailure } from './failure.mjs';
import { formatBytes } from './progress.mjs';

/**
 * Folder for what is big and can be fetched again: GQR_CACHE, or "gqr" in the user's cache folder.
 * @param {Record<string, string | undefined>} env
 * @param {NodeJS.Platform} [platform]
 */
export function cacheFolder(env, platform = process.platform) {
  if (env['GQR_CACHE']) return resolve(env['GQR_CACHE']);
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification says to ignore a relative path.
  if (xdg && isAbsolute(xdg)) return join(xdg, 'gqr');
  return platform === 'darwin' ? join(homedir(), 'Library', 'Caches', 'gqr') : join(homedir(), '.cache', 'gqr');
}

/**
 * Makes the cache folder, if need be.
 * @param {string} cache
 * @throws {SetupFailure} when it cannot be written
 */
export async function openCache(cache) {
  try {
    await mkdir(cache, { recursive: true });
    await access(cache, constants.W_OK);
    if (!(await stat(cache)).isDirectory()) throw new Error('it is not a folder');
  } catch (error) {
    throw new SetupFailure(
      `The cache folder ${cache} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      'Make it writable for you, or choose another one: GQR_CACHE=/path/to/folder npm start',
    );
  }
}

/**
 * @param {string} cache
 * @param {number} bytes
 * @param {string} purpose
 * @throws {SetupFailure} when there is less room than that
 */
export async function checkRoom(cache, bytes, purpose) {
  const { bavail, bsize } = await statfs(cache);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new SetupFailure(
    `The disk is nearly full: ${purpose} needs ${formatBytes(bytes)}, and ${cache} has ${formatBytes(free)} left`,
    'Free some space, or choose a folder on another disk: GQR_CACHE=/path/to/folder npm start',
  );
}

const WORK_PREFIX = 'partial-';

/**
 * A folder of this process alone for half-finished files; what killed processes left behind is removed.
 * @param {string} cache
 */
export async function openWorkFolder(cache) {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(WORK_PREFIX)) continue;
    const owner = Number(name.slice(WORK_PREFIX.length).split('-')[0]);
    if (!isAlive(owner)) await rm(join(cache, name), { recursive: true, force: true });
  }
  return mkdtemp(join(cache, `${WORK_PREFIX}${process.pid}-`));
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * sha256 of a file, in hex.
 * @param {string} path
 */
export async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('hex');
}
