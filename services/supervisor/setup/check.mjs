// npm run check: everything that a change must pass, here and in CI alike. Goes through to the end and says what mends each fault.
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAttached } from './command.mjs';
import { runMain } from './failure.mjs';
import { prepareLearner } from './learner-environment.mjs';
import { prepare, repositoryRoot } from './prepare.mjs';
import { Progress } from './progress.mjs';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<boolean>} passes
 * @property {string} mend the command, or what to do
 */

/**
 * Whether the generated types are those of the contracts: they are generated once more, elsewhere, and compared.
 * @param {string} root
 */
async function generatedTypesAreCurrent(root) {
  const copy = await mkdtemp(join(tmpdir(), 'gqr-protos-'));
  try {
    const protos = join(root, 'protos');
    for (const name of ['buf.yaml', 'buf.gen.yaml', 'gqr', 'google', 'grpc', 'vllm', 'gen'])
      await cp(join(protos, name), join(copy, name), { recursive: true });
    const status = await runAttached(join(root, 'node_modules', '.bin', 'buf'), ['generate'], {
      cwd: copy,
      env: { PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}` },
    });
    return status === 0 && (await sameFiles(join(protos, 'gen'), join(copy, 'gen')));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/**
 * @param {string} a
 * @param {string} b
 */
async function sameFiles(a, b) {
  const contents = await Promise.all([a, b].map(readTree));
  return JSON.stringify(contents[0]) === JSON.stringify(contents[1]);
}

/** Files below a folder by path. @param {string} folder */
async function readTree(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.sort().map(async (path) => [path.slice(folder.length), await readFile(path, 'utf8')]));
}

/**
 * @param {string} root
 * @param {string} python of the learner's environment
 * @returns {Step[]}
 */
function steps(root, python) {
  const tool =
    (/** @type {string} */ name, /** @type {string[]} */ ...args) =>
    async () =>
      (await runAttached(join(root, 'node_modules', '.bin', name), args, { cwd: root })) === 0;
  const learner =
    (/** @type {string[]} */ ...args) =>
    async () =>
      (await runAttached(python, ['-m', ...args], { cwd: join(root, 'services', 'learner') })) === 0;
  return [
    { name: 'format', passes: tool('prettier', '--check', '--log-level', 'warn', '.'), mend: 'npm run format' },
    { name: 'format of the contracts', passes: tool('buf', 'format', '--diff', '--exit-code', 'protos'), mend: 'npm run format' },
    { name: 'lint', passes: tool('eslint', '--max-warnings', '0', '.'), mend: 'npx eslint --fix .   and what it leaves by hand' },
    {
      name: 'boundaries',
      passes: tool(
        'depcruise',
        '--config',
        '.dependency-cruiser.mjs',
        'services/*/{src,setup,test,bin}',
        'protos/gen',
        'bench/bench.mjs',
        'bench/src',
        'e2e/*.ts',
        'e2e/support',
      ),
      mend: 'move the import to where the rule says; .dependency-cruiser.mjs gives the reason of each rule',
    },
    { name: 'types', passes: tool('tsc', '-b'), mend: 'npx tsc -b   lists the faults' },
    { name: 'contracts', passes: tool('buf', 'lint', 'protos'), mend: 'npm run lint -w @gqr/protos   lists the faults' },
    {
      name: 'contracts: compatible',
      passes: tool('buf', 'breaking', 'protos', '--against', 'protos/released.binpb'),
      mend: 'take the breaking change back, or make it in a v2 beside v1; protos/README.md says what is compatible',
    },
    { name: 'generated types', passes: () => generatedTypesAreCurrent(root), mend: 'npm run generate' },
    { name: 'dead code', passes: tool('knip'), mend: 'npx knip --fix   and what it leaves by hand' },
    {
      name: 'learner: format and lint',
      passes: async () => (await learner('ruff', 'format', '--check', '.')()) && (await learner('ruff', 'check', '.')()),
      mend: 'ruff format . && ruff check --fix .   in services/learner, with the Python that node services/learner/environment.mjs names',
    },
    { name: 'learner: types', passes: learner('mypy'), mend: 'mypy   in services/learner, with the same Python, lists the faults' },
    {
      name: 'tests',
      passes: async () =>
        (await runAttached(process.execPath, [join(root, 'services', 'supervisor', 'setup', 'test.mjs')], { cwd: root })) === 0,
      mend: 'npm test -- <folder>   runs those of one package',
    },
  ];
}

await runMain(async () => {
  const root = repositoryRoot(import.meta.url);
  const progress = new Progress();
  const variables = await prepare({ root, progress });
  const python = await prepareLearner({ root, cache: variables['GQR_CACHE'] ?? '', progress });
  const failed = [];
  for (const step of steps(root, python)) {
    console.log(`\n── ${step.name}`);
    if (!(await step.passes())) failed.push(step);
  }
  if (failed.length === 0) {
    console.log('\n✓ Everything passes.');
    return;
  }
  process.exitCode = 1;
  const width = Math.max(...failed.map(({ name }) => name.length));
  console.log(
    `\n✗ ${failed.length} of the checks failed. What mends them:\n${failed.map(({ name, mend }) => `  ${name.padEnd(width)}  ${mend}`).join('\n')}`,
  );
});
