import type { StageProgress } from '../src/domain/runs/run.js';
import type { EventBatch, EventStore, Recovery } from '../src/domain/ingest/event-store.js';
import type { DeadLetter, DeadLetters } from '../src/domain/ingest/ingest.js';
import type { EventSink, ImportLedger, SentEvent } from '../src/domain/ingest/import-events.js';
import type { Learner, LearnerJob, LearnerResult } from '../src/domain/learner.js';
import type { ModelId, ModelStore, NewModel } from '../src/domain/models/model-store.js';
import { ModelRefusedError, type Serving } from '../src/domain/models/promotion.js';
import type { Run } from '../src/domain/runs/run.js';
import type { RunFolder, RunWork } from '../src/domain/runs/run-kind.js';
import type { RunStore } from '../src/domain/runs/run-store.js';

export class FakeEventStore implements EventStore {
  readonly batches: EventBatch[] = [];
  failures = 0;

  write(batch: EventBatch): Promise<void> {
    if (this.failures-- > 0) return Promise.reject(new Error('the disk is full'));
    const at = this.batches.findIndex((each) => each.topic === batch.topic && each.firstOffset === batch.firstOffset);
    this.batches.splice(at < 0 ? this.batches.length : at, at < 0 ? 0 : 1, batch);
    return Promise.resolve();
  }

  recover(): Promise<Recovery> {
    return Promise.resolve({ deleted: 0, setAside: 0 });
  }
}

export class FakeLog implements DeadLetters, EventSink {
  readonly letters: DeadLetter[] = [];
  readonly appended: SentEvent[] = [];

  add(letters: readonly DeadLetter[]): Promise<void> {
    this.letters.push(...letters);
    return Promise.resolve();
  }

  append(events: readonly SentEvent[]): Promise<void> {
    this.appended.push(...events);
    return Promise.resolve();
  }
}

export class FakeImportLedger implements ImportLedger {
  private readonly ids = new Set<string>();

  unknown(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set(ids.filter((id) => !this.ids.has(id))));
  }

  add(ids: readonly string[]): Promise<void> {
    ids.forEach((id) => this.ids.add(id));
    return Promise.resolve();
  }
}

export class FakeRunStore implements RunStore {
  /** Times that looking for work fails. */
  failures = 0;
  private readonly runs = new Map<string, Run>();

  save(run: Run): Promise<void> {
    this.runs.set(run.runId, run);
    return Promise.resolve();
  }

  get(runId: string): Promise<Run | undefined> {
    return Promise.resolve(this.runs.get(runId));
  }

  latest(limit: number): Promise<Run[]> {
    return Promise.resolve([...this.runs.values()].reverse().slice(0, limit));
  }

  unfinished(): Promise<Run[]> {
    if (this.failures-- > 0) return Promise.reject(new Error('the disk is full'));
    return Promise.resolve([...this.runs.values()].filter(({ state }) => state === 'queued' || state === 'running'));
  }
}

/** A registry in memory. */
export class FakeModelStore implements ModelStore {
  readonly published: NewModel[] = [];
  private readonly channels = new Map<string, string[]>();

  publish(model: NewModel): Promise<void> {
    if (!this.published.some(({ kind, version }) => kind === model.kind && version === model.version)) this.published.push(model);
    return Promise.resolve();
  }

  open({ kind, version }: ModelId): Promise<string> {
    return Promise.resolve(`/registry/${kind}/${version}`);
  }

  stable(kind: string): Promise<string | undefined> {
    return Promise.resolve(this.channels.get(kind)?.[0]);
  }

  stableBefore(kind: string): Promise<string | undefined> {
    return Promise.resolve(this.channels.get(kind)?.[1]);
  }

  setStable({ kind, version }: ModelId): Promise<void> {
    const before = this.channels.get(kind) ?? [];
    if (before[0] !== version) this.channels.set(kind, [version, ...before]);
    return Promise.resolve();
  }
}

export class FakeServing implements Serving {
  readonly loaded: ModelId[] = [];
  refusal: string | undefined;

  load(id: ModelId): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(new ModelRefusedError(id, this.refusal));
    this.loaded.push(id);
    return Promise.resolve();
  }
}

export class FakeLearner implements Learner {
  readonly jobs: LearnerJob[] = [];
  prepared = 0;

  constructor(public metrics: Readonly<Record<string, unknown>>) {}

  prepare(_signal: AbortSignal, report: (progress: StageProgress) => void): Promise<void> {
    this.prepared++;
    report({ stage: 'install', done: 1, total: 2, unit: 'packages', rate: 1, message: '' });
    return Promise.resolve();
  }

  train(job: LearnerJob, _signal: AbortSignal, report: (progress: StageProgress) => void): Promise<LearnerResult> {
    this.jobs.push(job);
    report({ stage: 'fit', done: 1, total: 1, unit: 'steps', rate: 1, secondsLeft: 0, message: 'loss 0.3' });
    return Promise.resolve({ metrics: this.metrics, folder: `${job.folder}/out`, files: ['model.onnx'] });
  }
}

/** A run's folder in memory; `killAt` ends the process, so to speak, right after a step was kept. */
export class FakeRunFolder implements RunFolder {
  readonly path = '/runs/r';
  readonly files = new Map<string, unknown[]>();
  killAt: string | undefined;
  private readonly steps = new Map<string, string>();

  async once<T>(step: string, work: () => Promise<T>): Promise<T> {
    const before = this.steps.get(step);
    if (before !== undefined) return JSON.parse(before) as T;
    this.steps.set(step, JSON.stringify(await work()));
    if (this.killAt === step) throw new Error('killed');
    return JSON.parse(this.steps.get(step) ?? '') as T;
  }

  writeLines(name: string, documents: Iterable<unknown>): Promise<string> {
    this.files.set(name, [...documents]);
    return Promise.resolve(`${this.path}/${name}`);
  }

  collect(name: string): Promise<string> {
    return Promise.resolve(`${this.path}/${name}`);
  }
}

/** What a kind of run gets to work with, and what it said. */
export interface FakeWork extends RunWork {
  readonly folder: FakeRunFolder;
  readonly reports: (Partial<StageProgress> & { stage: string })[];
  readonly metrics: Record<string, unknown>;
  readonly models: ModelId[];
}

export function fakeWork(): FakeWork {
  const reports: FakeWork['reports'] = [];
  const metrics: Record<string, unknown> = {};
  const models: ModelId[] = [];
  return {
    runId: 'ctr-20261123t000000-abcdef',
    version: '20261123t000000-abcdef',
    folder: new FakeRunFolder(),
    signal: new AbortController().signal,
    report: (progress) => reports.push(progress),
    measured: (more) => Object.assign(metrics, more),
    wrote: (model) => models.push(model),
    reports,
    metrics,
    models,
  };
}
