// npm start: sets up what is missing, then runs the supervisor until it is stopped. Plain Node, because it runs before any package is
// installed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runMain } from './failure.mjs';
import { pinnedNode, prepare, repositoryRoot } from './prepare.mjs';
import { Progress } from './progress.mjs';

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs the supervisor in this terminal. Its channel tells it when this process dies.
 * @param {string} root
 * @param {Record<string, string>} variables
 * @returns {Promise<number>}
 */
function supervise(root, variables) {
  const supervisor = spawn(pinnedNode(root), [join(root, 'services', 'supervisor', 'dist', 'src', 'main.js')], {
    cwd: root,
    env: { ...process.env, ...variables },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // The supervisor ends in its own time; the terminal has sent it the signal too, and it takes both for one.
  for (const signal of SIGNALS) process.on(signal, () => supervisor.kill(signal));
  return new Promise((resolve, reject) => {
    supervisor.once('error', reject);
    supervisor.once('exit', (code) => resolve(code ?? 1));
  });
}

await runMain(async () => {
  const root = repositoryRoot(import.meta.url);
  const stop = () => {
    console.log('\nStopped. npm start goes on from here.');
    process.exit(130);
  };
  SIGNALS.forEach((signal) => process.on(signal, stop));
  const variables = await prepare({ root, progress: new Progress() });
  SIGNALS.forEach((signal) => process.off(signal, stop));
  process.exitCode = await supervise(root, variables);
});
