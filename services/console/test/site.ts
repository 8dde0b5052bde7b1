import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const PACKAGE = join(import.meta.dirname, '..', '..');
const SOURCES = [
  'src/**/*',
  'public/**/*',
  'index.html',
  'vite.config.ts',
  'package.json',
  '../../package-lock.json',
  '../../protos/dist/**/*.js',
];

/**
 * The folder of the page as `npm run build` makes it from the source as it is now, so that no test runs against a stale one. Built
 * once for each state of the source, however many test files ask at the same time.
 */
export async function builtSite(): Promise<string> {
  const sites = join(PACKAGE, 'dist-test', 'site');
  const site = join(sites, hashOfSources());
  if (existsSync(site)) return site;
  const building = `${site}.${process.pid}`;
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js');
  const options = { cwd: PACKAGE, env: { ...process.env, NODE_ENV: 'production' } };
  await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', building, '--logLevel', 'error'], options);
  // Whoever comes second finds the folder taken by the same files.
  if (existsSync(site)) rmSync(building, { recursive: true });
  else renameSync(building, site);
  removeOld(sites);
  return site;
}

/** Another test run may be at work on a site of its own, but not for an hour. */
function removeOld(sites: string): void {
  for (const name of readdirSync(sites)) {
    const path = join(sites, name);
    if (Date.now() - statSync(path).mtimeMs > 3_600_000) rmSync(path, { recursive: true, force: true });
  }
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const path of globSync(SOURCES, { cwd: PACKAGE, withFileTypes: true }).filter((entry) => entry.isFile())) {
    hash.update(path.name).update(readFileSync(join(path.parentPath, path.name)));
  }
  return hash.digest('hex').slice(0, 16);
}
