// npm test: sets up what is missing, then runs the tests of every package and of the learner.
//
//   npm test                            everything
//   npm test -- services/gateway        vitest takes what is said after "--"
//   npm test -- services/learner/tests  pytest takes paths of the learner
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runAttached } from './command.mjs';
import { showFailure } from './failure.mjs';
import { prepareLearner } from './learner-environment.mjs';
import { pinnedNode, prepare, repositoryRoot } from './prepare.mjs';
import { Progress } from './progress.mjs';
import { merge, readJunit, renderSummary } from './test-summary.mjs';

const LEARNER = 'services/learner';

/** @typedef {import('./test-summary.mjs').Summary} Summary */
/** @type {Summary} */
const DID_NOT_RUN = { passed: 0, failed: 1, skipped: [] };

/**
 * @param {string} root
 * @param {readonly string[]} args
 * @param {Record<string, string>} variables
 * @param {string} reports
 * @returns {Promise<Summary>}
 */
async function runVitest(root, args, variables, reports) {
  const file = join(reports, 'vitest.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporter = join(root, 'services', 'supervisor', 'setup', 'test-summary.mjs');
  const code = await runAttached(pinnedNode(root), [vitest, 'run', '--reporter=default', `--reporter=${reporter}`, ...args], {
    cwd: root,
    env: { ...variables, GQR_TEST_SUMMARY: file },
  });
  if (!existsSync(file)) return DID_NOT_RUN;
  const summary = JSON.parse(await readFile(file, 'utf8'));
  return code !== 0 && summary.failed === 0 ? { ...summary, failed: 1 } : summary;
}

/**
 * @param {string} root
 * @param {readonly string[]} args
 * @param {Record<string, string>} variables
 * @param {string} python
 * @param {string} reports
 * @returns {Promise<Summary>}
 */
async function runPytest(root, args, variables, python, reports) {
  const file = join(reports, 'pytest.xml');
  const code = await runAttached(python, ['-m', 'pytest', `--junitxml=${file}`, ...args], { cwd: join(root, LEARNER), env: variables });
  if (!existsSync(file)) return DID_NOT_RUN;
  const summary = readJunit(await readFile(file, 'utf8'));
  return code !== 0 && summary.failed === 0 ? { ...summary, failed: 1 } : summary;
}

/**
 * Runs the tests that the arguments ask for.
 * @param {readonly string[]} args
 * @returns {Promise<Summary>}
 */
async function runTests(args) {
  const root = repositoryRoot(import.meta.url);
  const progress = new Progress();
  const variables = await prepare({ root, progress });
  const python = await prepareLearner({ root, cache: variables['GQR_CACHE'] ?? '', progress });
  const forPytest = args.filter((arg) => arg.startsWith(LEARNER)).map((arg) => relative(LEARNER, arg) || '.');
  const forVitest = args.filter((arg) => !arg.startsWith(LEARNER));
  const reports = await mkdtemp(join(tmpdir(), 'gqr-test-'));
  try {
    const summaries = [];
    if (args.length === 0 || forVitest.length > 0) summaries.push(await runVitest(root, forVitest, variables, reports));
    if (args.length === 0 || forPytest.length > 0) summaries.push(await runPytest(root, forPytest, variables, python, reports));
    return merge(summaries);
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

// Whoever stops this stops the runners with it.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
/** @type {Summary} */
let summary = DID_NOT_RUN;
try {
  summary = await runTests(process.argv.slice(2));
} catch (error) {
  showFailure(error);
}
process.exitCode = summary.failed > 0 || summary.passed === 0 ? 1 : 0;
console.log(`\n${renderSummary(summary)}`);
