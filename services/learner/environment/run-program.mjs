import { spawn } from 'node:child_process';

const KEPT_CHARACTERS = 20_000;

/**
 * Runs a program to its end. Never rejects for a status other than 0, only if the program cannot be started or `signal` aborts.
 * @returns {Promise<{status: number, output: string}>} its status and the last of what it wrote
 */
export function runProgram(program, args, { env = process.env, signal, onLine = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => child.kill('SIGTERM');
    signal?.addEventListener('abort', stop, { once: true });
    let output = '';
    let rest = '';
    const collect = (chunk) => {
      const text = chunk.toString();
      output = (output + text).slice(-KEPT_CHARACTERS);
      const lines = (rest + text).split(/[\r\n]+/);
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (status) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(signal.reason);
      else resolve({ status: status ?? 1, output });
    });
  });
}
