import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const LEARNER = fileURLToPath(new URL('../../../../learner/', import.meta.url));

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
