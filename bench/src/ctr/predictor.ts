import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { provideModels } from '../models/stable-models.js';
import { mainOf } from '../site.js';

/** The event loop's monitor ticks so often, and its figures hold that time. */
const TICK_MS = 10;

/** A running service with the click predictor of a registry. */
export class Predictor {
  private constructor(
    private readonly service: RunningService,
    private readonly folder: string,
    /** Folder with the files of its model. */
    readonly model: string,
    readonly client: GrpcClient<typeof CtrService>,
  ) {}

  static async start(registry: string, env: Record<string, string> = {}): Promise<Predictor> {
    const folder = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
    const kinds = await provideModels(registry, folder);
    if (!kinds.includes('ctr')) throw new Error(`${registry} has no click predictor; --registry names another registry`);
    const [model] = await new DirectoryRegistry(folder).list('ctr');
    const service = await startService(mainOf('ctr'), { GQR_REGISTRY: folder, GQR_LOG_LEVEL: 'warn', OMP_NUM_THREADS: '1', ...env });
    return new Predictor(service, folder, join(folder, 'ctr', model?.version ?? ''), grpcClient(CtrService, service.grpc));
  }

  /** Its metrics by name, labels left out; those with several label sets are left with the last. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`http://${this.service.http}/metrics`)).text();
    const lines = text.split('\n').filter((line) => !line.startsWith('#'));
    return new Map(lines.map((line) => [/^[^{ ]*/.exec(line)?.[0] ?? '', Number(line.split(' ').at(-1))]));
  }

  /** Mean inputs of a batch, and the event loop's lag at p50 and p99 in milliseconds, while `work` runs. */
  async watch<T>(work: () => Promise<T>): Promise<{ result: T; batchInputs: number; lagP50: number; lagP99: number }> {
    const before = await this.metrics();
    const result = await work();
    const after = await this.metrics();
    const grown = (name: string): number => (after.get(name) ?? NaN) - (before.get(name) ?? NaN);
    const lag = (share: string): number => Math.max(0, (after.get(`nodejs_eventloop_lag_${share}_seconds`) ?? NaN) * 1_000 - TICK_MS);
    return {
      result,
      batchInputs: grown('gqr_ctr_batch_inputs_sum') / grown('gqr_ctr_batch_inputs_count'),
      lagP50: lag('p50'),
      lagP99: lag('p99'),
    };
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.service.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
