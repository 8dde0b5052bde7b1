import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SupervisedService } from '../../domain/supervised-service.js';

/** Where a running GQR is found; the command line reads it. Only in a data folder whose supervisor runs, or was killed. */
export class RunFile {
  readonly path: string;

  constructor(
    dataDir: string,
    private readonly startedAt: Date,
  ) {
    this.path = join(dataDir, 'run', 'services.json');
  }

  /** Process id in a file that an earlier supervisor left behind, which it does only when it is killed; undefined if there is none. */
  leftBehindBy(): number | undefined {
    try {
      const content: unknown = JSON.parse(readFileSync(this.path, 'utf8'));
      const pid = typeof content === 'object' && content !== null && 'pid' in content ? content.pid : undefined;
      return typeof pid === 'number' ? pid : 0;
    } catch (error) {
      return error instanceof SyntaxError ? 0 : undefined;
    }
  }

  /** Written under another name first: a reader sees the old content or the new one. */
  write(services: readonly SupervisedService[]): void {
    const content = {
      pid: process.pid,
      startedAt: this.startedAt.toISOString(),
      services: services.map(({ plan, state, pid, restarts }) => ({
        name: plan.name,
        grpc: plan.grpc,
        http: plan.http,
        pid: pid ?? null,
        state,
        restarts,
      })),
    };
    const temporary = `${this.path}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(content, null, 2)}\n`);
    renameSync(temporary, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
