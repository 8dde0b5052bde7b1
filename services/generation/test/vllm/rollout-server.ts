import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LEARNER = fileURLToPath(new URL('../../../../learner/', import.meta.url));

/** Python of the learner's environment, which lies in the cache under the hash of its lock file; undefined where it was not made. */
export const learnerPython = ((): string | undefined => {
  const cache = process.env['GQR_CACHE'];
  if (cache === undefined) return undefined;
  const hash = createHash('sha256')
    .update(readFileSync(join(LEARNER, 'requirements.lock')))
    .digest('hex')
    .slice(0, 16);
  const python = join(cache, 'learner', hash, 'bin', 'python');
  return existsSync(python) ? python : undefined;
})();

export const NO_LEARNER = "needs the learner's Python environment: node services/learner/environment.mjs makes it below GQR_CACHE";

/** The learner's rollout server with a real model: what stands for vLLM here. It ends when its standard input does. */
export class RolloutServer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    readonly address: string,
  ) {}

  static async start(python: string, baseModel: string, config: object): Promise<RolloutServer> {
    const folder = mkdtempSync(join(tmpdir(), 'gqr-rollout-'));
    const job = join(folder, 'job.json');
    writeFileSync(job, JSON.stringify({ config: { threads: 1, ...config }, inputs: { baseModel }, out: 'out' }));
    const server = spawn(python, ['-m', 'gqr_learner', 'serve-rollout', '--job', job], {
      cwd: LEARNER,
      env: { ...process.env, OMP_NUM_THREADS: '1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: server.stdout })) {
      const said = JSON.parse(line) as { type: string; stage?: string; message?: string; reason?: string };
      if (said.type === 'error') throw new Error(said.reason);
      if (said.stage === 'serve') return new RolloutServer(server, folder, said.message ?? '');
    }
    throw new Error('the rollout server ended without a word');
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.stdin?.end();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
