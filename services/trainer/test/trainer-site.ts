import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventLog } from '@gqr/chassis/event-log/sqlite-event-log';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { type Run, type RunState, TrainerService } from '@gqr/protos/gqr/trainer/v1/trainer';
import { FakeServices } from './fake-services.js';

const main = new URL('../src/main.js', import.meta.url);
const fakeLearner = new URL('../../test/fake-learner', import.meta.url);

const quality = (auc: number, logloss: number): object => ({ auc, logloss });

/** How the fake learner does, and what it claims to have measured. */
export const goodLearner = {
  steps: 3,
  stepMs: 20,
  metrics: { test: { model: quality(0.71, 0.3), baselines: { mean: quality(0.5, 0.4), position: quality(0.55, 0.38) } } },
};

/** A start of the fake learner. */
export interface LearnerStart {
  readonly pid: number;
  readonly command: string;
  /** Step at which it began; more than 0 when it went on from a checkpoint. */
  readonly first: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, string>>;
}

/** A folder with everything that a trainer needs, and the trainer as a process of its own. */
export class TrainerSite {
  readonly folder = mkdtempSync(join(tmpdir(), 'gqr-trainer-'));
  readonly services = new FakeServices();
  readonly registry = new DirectoryRegistry(join(this.folder, 'registry'));
  readonly log = new SqliteEventLog({ path: join(this.folder, 'events.sqlite'), synchronous: 'normal' });
  private running: { service: RunningService; client: GrpcClient<typeof TrainerService> } | undefined;

  private over = false;

  constructor(private readonly variables: Readonly<Record<string, string>> = {}) {
    cpSync(fakeLearner, this.learnerFolder, { recursive: true });
    this.learner(goodLearner);
  }

  get client(): GrpcClient<typeof TrainerService> {
    if (this.running === undefined) throw new Error('the trainer does not run');
    return this.running.client;
  }

  get http(): string {
    return this.running?.service.http ?? '';
  }

  get pid(): number {
    return this.running?.service.process.pid ?? 0;
  }

  get eventStore(): string {
    return join(this.folder, 'events');
  }

  output(): string {
    return this.running?.service.output() ?? '';
  }

  /** Says how the fake learner does from its next start on. */
  learner(behaviour: object): void {
    writeFileSync(join(this.learnerFolder, 'behaviour.json'), JSON.stringify(behaviour));
  }

  learnerStarts(): LearnerStart[] {
    const path = join(this.learnerFolder, 'starts.jsonl');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as LearnerStart);
  }

  async start(): Promise<void> {
    if (this.services.address === '') await this.services.start();
    const { address } = this.services;
    const service = await startService(main, {
      GQR_DATA: this.folder,
      GQR_REGISTRY: join(this.folder, 'registry'),
      GQR_EVENT_LOG: join(this.folder, 'events.sqlite'),
      GQR_LEARNER_DIR: this.learnerFolder,
      GQR_LLM_MODEL: join(this.folder, 'model.gguf'),
      GQR_LLM_MODEL_SHA256: 'a'.repeat(64),
      GQR_COOCCURRENCE_ADDRESS: address,
      GQR_CTR_ADDRESS: address,
      GQR_GENERATION_ADDRESS: address,
      GQR_SERVING_PATIENCE_SECONDS: '5',
      ...this.variables,
    });
    this.running = { service, client: grpcClient(TrainerService, service.grpc) };
    // A test that ran out of time goes on all the same.
    if (this.over) await this.kill();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { running } = this;
    this.running = undefined;
    running?.client.close();
    await running?.service.stop(signal);
  }

  async end(): Promise<void> {
    this.over = true;
    await this.kill('SIGTERM');
    this.services.stop();
    await this.log.close();
  }

  /** Waits until a run has ended, over whatever restarts. */
  async ended(runId: string): Promise<Run> {
    let last: Run | undefined;
    for await (const { run } of this.client.watchRun({ runId })) last = run;
    if (last === undefined) throw new Error('no run');
    return last;
  }

  async run(kind: string, options: Record<string, string | number | boolean> = {}): Promise<Run> {
    const { run } = await this.client.startRun({ kind, options });
    return this.ended(run?.runId ?? '');
  }

  async reached(runId: string, state: RunState, stage?: string): Promise<void> {
    for await (const { run } of this.client.watchRun({ runId })) {
      if (run?.state === state && (stage === undefined || run.progress?.stage === stage)) return;
    }
    throw new Error(`run ${runId} ended before`);
  }

  /** Folders of runs that are still there. */
  runFolders(): string[] {
    const path = join(this.folder, 'trainer', 'runs');
    return existsSync(path) ? readdirSync(path) : [];
  }

  private get learnerFolder(): string {
    return join(this.folder, 'learner');
  }
}
