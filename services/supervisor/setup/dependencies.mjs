import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { npm, run } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { showing } from './progress.mjs';

/** @typedef {Record<string, { version?: string, link?: boolean, optional?: boolean }>} LockedPackages by path */

/**
 * Packages that are not installed as the lock file says. Optional ones may be absent: they belong to other platforms.
 * @param {LockedPackages} locked
 * @param {LockedPackages} installed
 * @returns {string[]} their paths
 */
export function findOutdated(locked, installed) {
  return Object.entries(locked)
    .filter(([path, { version, link, optional }]) => {
      if (!path.includes('node_modules/')) return false;
      const found = installed[path];
      if (found === undefined) return !optional;
      return link ? !found.link : found.version !== version;
    })
    .map(([path]) => path);
}

/**
 * @param {string} path
 * @returns {Promise<LockedPackages | undefined>}
 */
async function readPackages(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** What npm said, in words that help. @param {string} tail */
function npmFailure(tail) {
  if (/ENOSPC/.test(tail)) {
    return new SetupFailure('The disk is full: the packages need about 2 GB', 'Free some space, then run the command again.');
  }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(tail)) {
    return new SetupFailure(
      'The npm registry cannot be reached; the packages are fetched once, at the first start',
      'Check the network and the proxy (npm config get registry; npm config get proxy), then run the command again: what was fetched is kept.',
    );
  }
  const lines = tail.split('\n').filter((line) => line.startsWith('npm error'));
  return new SetupFailure(
    `npm could not install the packages:\n${lines.join('\n')}`,
    'Mend what npm complains of, then run the command again.',
  );
}

/**
 * Installs the packages of the lock file, unless they are. Not by `npm ci`: it refuses a lock file that was written where the packages
 * of some other platform were not to be had, though none of them is needed here. Like `npm ci` this leaves the lock file alone, and
 * starts from nothing when the last installation did not come to its end.
 * @param {{ root: string, progress: import('./progress.mjs').Progress }} options
 */
export async function installDependencies({ root, progress }) {
  const locked = await readPackages(join(root, 'package-lock.json'));
  if (locked === undefined) throw new SetupFailure('package-lock.json is missing or damaged', 'git checkout package-lock.json');
  // npm writes it last of all.
  const receipt = join(root, 'node_modules', '.package-lock.json');
  const installed = await readPackages(receipt);
  if (installed !== undefined && findOutdated(locked, installed).length === 0) return;
  await showing(progress, 'Installing packages', async (task) => {
    if (installed === undefined) await rm(join(root, 'node_modules'), { recursive: true, force: true });
    else await rm(receipt);
    const paths = Object.entries(locked).filter(([path, { optional }]) => path.includes('node_modules/') && !optional);
    const count = async () => {
      const present = await Promise.all(
        paths.map(([path]) =>
          access(join(root, path, 'package.json')).then(
            () => 1,
            () => 0,
          ),
        ),
      );
      task.update({ done: present.reduce((sum, one) => sum + one, 0), total: paths.length, unit: 'packages' });
    };
    const counting = setInterval(() => void count(), 1_000);
    const [command, args] = npm(['install', '--no-save', '--no-audit', '--no-fund']);
    const finished = await run(command, args, {
      cwd: root,
      // Neither needs what its install script would download: CPU libraries come with the packages.
      env: { ONNXRUNTIME_NODE_INSTALL: 'skip', NODE_LLAMA_CPP_SKIP_DOWNLOAD: 'true' },
    }).finally(() => clearInterval(counting));
    if (finished.code === 127) throw new SetupFailure('There is no npm on the path', 'Install Node.js 20 or newer together with npm.');
    if (finished.code !== 0) throw npmFailure(finished.tail);
  });
}
