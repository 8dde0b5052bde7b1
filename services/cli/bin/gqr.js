#!/usr/bin/env node
// The command line is compiled, and runs under the Node that the project pins; this file finds both, whatever Node runs it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = `${root}services/cli/dist/src/main.js`;
const node = `${root}node_modules/.bin/node`;
const PINNED_MAJOR = 24;

if (!existsSync(main) || !existsSync(node)) {
  process.stderr.write(
    'GQR is not set up here yet.\n\n  What to do: run npm start in the folder of the repository; it sets up what is missing.\n',
  );
  process.exitCode = 3;
} else if (Number(process.versions.node.split('.')[0]) >= PINNED_MAJOR) {
  await import(main);
} else {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; which of them ends when is for the command to say.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGTERM' ? 143 : 1);
  });
}
