import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const TAIL = 40;

/**
 * @typedef {object} Finished a command that has ended
 * @property {number} code exit status; 127 when there is no such command
 * @property {string} tail the last lines that it wrote
 */

/**
 * Runs a command to its end and tells of every line that it writes.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, onLine?: (line: string) => void }} [options]
 * @returns {Promise<Finished>}
 */
export async function run(command, args, { cwd, env, onLine } = {}) {
  /** @type {string[]} */
  const tail = [];
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill();
  process.once('exit', kill);
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      tail.push(line);
      if (tail.length > TAIL) tail.shift();
      onLine?.(line);
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if ('code' in error && error.code === 'ENOENT') resolve(127);
      else reject(error);
    });
    child.once('close', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  process.off('exit', kill);
  return { code, tail: tail.join('\n') };
}

/**
 * Runs a command with this process' own terminal.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} [options]
 * @returns {Promise<number>} exit status
 */
export function runAttached(command, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
    const kill = () => child.kill();
    process.once('exit', kill);
    child.once('error', reject);
    child.once('close', (status) => {
      process.off('exit', kill);
      resolve(status ?? 1);
    });
  });
}

/**
 * npm as the user called it, or the one on the path.
 * @param {readonly string[]} args
 * @returns {[string, string[]]} command and arguments
 */
export function npm(args) {
  const path = process.env['npm_execpath'];
  return path?.endsWith('.js') ? [process.execPath, [path, ...args]] : ['npm', [...args]];
}
