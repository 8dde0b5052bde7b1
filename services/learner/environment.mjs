#!/usr/bin/env node
// Makes the learner's Python environment under <cache>/learner/<hash of requirements.lock>, or finds it there.
//
//   node services/learner/environment.mjs
//
// Standard output speaks the protocol of the learner's commands: progress lines, then {"type":"result","python":"/path"} with
// status 0, or {"type":"error","reason","remedy"} with status 1. Needs Node 20 and nothing else, so that it can run before
// anything of the project is installed. GQR_CACHE is the cache folder, GQR_PYTHON the Python to build on.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withBuildLock } from './environment/build-lock.mjs';
import { EnvironmentError } from './environment/errors.mjs';
import { install } from './environment/install.mjs';
import { createVenv, findPython, interpreterOf } from './environment/python.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const LOCK_FILE = join(HERE, 'requirements.lock');
const UV_LOCK_FILE = join(HERE, 'environment', 'uv.lock');
/** What the packages take on disk with PyTorch's CUDA build, and room to unpack them. */
const NEEDED_BYTES = 8 * 2 ** 30;

/** The user's cache folder for GQR, unless GQR_CACHE names another. */
export function cacheFolder(env = process.env) {
  if (env.GQR_CACHE) return resolve(env.GQR_CACHE);
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'gqr');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gqr');
}

/** Where the environment of this lock file belongs; whatever changes the file changes the folder. */
export async function environmentFolder(cache) {
  const hash = createHash('sha256').update(await readFile(LOCK_FILE));
  return join(cache, 'learner', hash.digest('hex').slice(0, 16));
}

async function checkSpace(folder) {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= NEEDED_BYTES) return;
  const gib = (bytes) => (bytes / 2 ** 30).toFixed(1);
  throw new EnvironmentError(
    `the learner's Python environment needs ${gib(NEEDED_BYTES)} GiB below ${folder}, where ${gib(free)} GiB are free`,
    'free some space, or set GQR_CACHE to a folder on a larger disk',
  );
}

/** Scripts of a virtual environment name its folder; they have to name the one where it comes to lie. */
async function pointScriptsTo(folder, from, to) {
  const scripts = join(folder, 'bin');
  for (const name of await readdir(scripts)) {
    if (/^(python|uv)/.test(name)) continue;
    const path = join(scripts, name);
    const text = await readFile(path, 'latin1');
    if (text.includes(from)) await writeFile(path, text.replaceAll(from, to), 'latin1');
  }
}

/** Builds beside the target and renames at the end: the target is there whole or not at all. */
async function build(target, { env, report, signal }) {
  const folder = dirname(target);
  for (const name of await readdir(folder)) {
    if (name.startsWith(`${basename(target)}.building-`)) await rm(join(folder, name), { recursive: true, force: true });
  }
  await checkSpace(folder);
  const building = `${target}.building-${process.pid}`;
  try {
    report({ stage: 'python', message: 'looking for Python 3.11 to 3.13' });
    const python = await findPython(env);
    report({ stage: 'venv', message: `making a virtual environment with ${python}` });
    await createVenv(python, building, signal);
    await install(building, { lockFile: LOCK_FILE, uvLockFile: UV_LOCK_FILE, env, report, signal });
    await pointScriptsTo(building, building, target);
    await rename(building, target);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/**
 * The Python of the learner's environment; builds it first if need be. Two processes do not build at once: the second waits.
 * @param {{cache?: string, env?: NodeJS.ProcessEnv, report?: (line: object) => void, signal?: AbortSignal}} options
 * @returns {Promise<string>} path of the interpreter
 * @throws {EnvironmentError} with a remedy
 */
export async function prepareEnvironment({ env = process.env, cache = cacheFolder(env), report = () => {}, signal } = {}) {
  const target = await environmentFolder(cache);
  if (!existsSync(target)) {
    await mkdir(dirname(target), { recursive: true });
    await withBuildLock(`${target}.lock`, { report, signal }, async () => {
      if (!existsSync(target)) await build(target, { env, report, signal });
    });
  }
  return interpreterOf(target);
}

async function main() {
  const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const stopping = new AbortController();
  const stop = () => stopping.abort(new EnvironmentError('stopped before the environment was complete', 'start it again'));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    const report = (line) =>
      print({ type: 'progress', stage: '', done: 0, total: 0, unit: '', rate: 0, secondsLeft: null, message: '', ...line });
    print({ type: 'result', python: await prepareEnvironment({ report, signal: stopping.signal }) });
  } catch (error) {
    const failure = EnvironmentError.from(stopping.signal.aborted ? stopping.signal.reason : error);
    print({ type: 'error', reason: failure.message, remedy: failure.remedy });
    process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
