import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { npm, run } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { showing } from './progress.mjs';

/** Folders that hold no source, or nothing that a build reads. */
const NOT_SOURCE = /^(node_modules|dist.*|\..*|world|tasks|__pycache__)$/;

/**
 * A hash of paths, sizes and times of every source file: changes whenever a build could come out differently.
 * @param {string} root
 * @param {readonly string[]} paths files and folders below `root`
 */
export async function fingerprint(root, paths) {
  const hash = createHash('sha256');
  /** @param {string} path */
  const visit = async (path) => {
    const found = await stat(join(root, path)).catch(() => undefined);
    if (found === undefined) return;
    if (!found.isDirectory()) {
      hash.update(`${path}\0${found.size}\0${found.mtimeMs}\n`);
      return;
    }
    for (const name of (await readdir(join(root, path))).sort()) {
      if (!NOT_SOURCE.test(name) && !name.endsWith('.tsbuildinfo')) await visit(`${path}/${name}`);
    }
  };
  for (const path of paths) await visit(path);
  return hash.digest('hex');
}

/** @param {string} path */
function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Remembers what was built from which sources. */
class BuildRecord {
  /** @param {string} root */
  constructor(root) {
    this.path = join(root, 'node_modules', '.cache', 'gqr', 'build.json');
  }

  /** @returns {Promise<Record<string, string>>} fingerprints by name of the build */
  async read() {
    try {
      return JSON.parse(await readFile(this.path, 'utf8'));
    } catch {
      return {};
    }
  }

  /**
   * @param {string} name
   * @param {string} print
   */
  async write(name, print) {
    const all = await this.read();
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(this.path, JSON.stringify({ ...all, [name]: print }));
  }
}

/**
 * Folders that the compiler writes to, from the references of the root tsconfig.json.
 * @param {string} root
 * @returns {Promise<string[]>}
 */
async function projects(root) {
  const { references } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8'));
  return references.map((/** @type {{ path: string }} */ reference) => reference.path);
}

/** @param {{ root: string, progress: import('./progress.mjs').Progress }} options */
async function compile({ root, progress }) {
  await showing(progress, 'Compiling', async (task) => {
    let done = 0;
    const total = (await projects(root)).length;
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const finished = await run(join(root, 'node_modules', '.bin', 'node'), [compiler, '-b', '--verbose', '--pretty', 'false'], {
      cwd: root,
      onLine: (line) => {
        const project = /Building project '.*?([^/]+)\/tsconfig[^/]*\.json'/.exec(line)?.[1];
        if (project !== undefined) task.update({ done: done++, total, unit: 'packages', note: project });
      },
    });
    if (finished.code !== 0) {
      const faults = finished.tail.split('\n').filter((line) => /error TS/.test(line));
      throw new SetupFailure(
        `The code does not compile:\n${faults.join('\n') || finished.tail}`,
        'npx tsc -b shows all faults; mend them.',
      );
    }
  });
}

/** @param {{ root: string, progress: import('./progress.mjs').Progress }} options */
async function buildConsole({ root, progress }) {
  await showing(progress, 'Building the console', async () => {
    const [command, args] = npm(['run', 'build', '-w', '@gqr/console']);
    const finished = await run(command, args, { cwd: root });
    if (finished.code !== 0)
      throw new SetupFailure(`The console does not build:\n${finished.tail}`, 'npm run build -w @gqr/console shows all faults; mend them.');
  });
}

/**
 * Compiles all packages and builds the console, unless nothing has changed since.
 * @param {{ root: string, progress: import('./progress.mjs').Progress }} options
 */
export async function build(options) {
  const { root } = options;
  const record = new BuildRecord(root);
  const folders = await projects(root);
  // A build under way may see files that change meanwhile: what is remembered is how they were before.
  const code = await fingerprint(root, ['tsconfig.json', 'tsconfig.base.json', 'package-lock.json', ...folders]);
  const page = await fingerprint(root, ['tsconfig.base.json', 'package-lock.json', 'protos', 'services/console']);
  const built = await record.read();
  const compiled = await Promise.all(folders.map(async (folder) => folder === 'services/console' || exists(join(root, folder, 'dist'))));
  if (built['code'] !== code || compiled.includes(false)) {
    await compile(options);
    await record.write('code', code);
  }
  if (built['console'] !== page || !(await exists(join(root, 'services', 'console', 'dist', 'index.html')))) {
    await buildConsole(options);
    await record.write('console', page);
  }
}
