import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { needed, ROOT } from '../site.js';

/** What the server says at its end that it did. */
export interface Counts {
  readonly prompt_tokens: number;
  readonly read_tokens: number;
  readonly drawn_tokens: number;
}

export interface Rollout {
  readonly address: string;
  /** Which libraries it runs on, in which precision. */
  readonly says: string;
  /** Processor time that it has taken so far. */
  cpuMs(): number;
  stop(): Promise<Counts>;
}

/** Milliseconds of a tick in /proc, on every Linux of today. */
const TICK_MS = 10;

/** The rollout server as the trainer would start it: a command of the learner, told to stop by the end of its input. */
export async function startRollout(config: object): Promise<Rollout> {
  const folder = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
  const job = join(folder, 'job.json');
  writeFileSync(job, JSON.stringify({ config, inputs: { baseModel: needed('GQR_LLM_MODEL') }, out: 'out' }));
  const server = spawn(needed('GQR_LEARNER_PYTHON'), ['-m', 'gqr_learner', 'serve-rollout', '--job', job], {
    cwd: join(ROOT, 'services', 'learner'),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const until = async (holds: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the rollout server ended without a word');
      const line = JSON.parse(value) as Record<string, unknown>;
      if (line['type'] === 'error') throw new Error(String(line['reason']));
      if (holds(line)) return line;
    }
  };
  const loaded = await until(({ stage, done }) => stage === 'load' && done === 1);
  const serving = await until(({ stage }) => stage === 'serve');
  return {
    address: String(serving['message']),
    says: String(loaded['message']),
    cpuMs: () => {
      const [user = '', system = ''] =
        readFileSync(`/proc/${String(server.pid)}/stat`, 'latin1')
          .split(') ')[1]
          ?.split(' ')
          .slice(11, 13) ?? [];
      return (Number(user) + Number(system)) * TICK_MS;
    },
    stop: async () => {
      server.stdin.end();
      const { metrics } = await until(({ type }) => type === 'result');
      rmSync(folder, { recursive: true, force: true });
      return metrics as Counts;
    },
  };
}
