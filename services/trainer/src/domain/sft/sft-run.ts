import type { Learner, LearnerResult } from '../learner.js';
import type { ModelStore } from '../models/model-store.js';
import type { Promotion } from '../models/promotion.js';
import { RunFailedError } from '../runs/errors.js';
import type { RunKind, RunWork } from '../runs/run-kind.js';
import type { InstanceSource, PromptRenderer } from './instances.js';
import type { SftOptions } from './options.js';

/** The language model that policies adapt. */
export interface BaseModel {
  /** GGUF file, the one that generation serves. */
  readonly path: string;
  readonly sha256: string;
}

/** What training is made from. */
interface Prepared {
  /** JSON lines with split, prompt and response. */
  readonly file: string;
  readonly instances: Readonly<Record<string, number>>;
  readonly promptVersion: string;
}

/** Fits a policy to written instances (paper section 3.1, Eq. 1) and has it serve. */
export class SftRun implements RunKind<SftOptions> {
  readonly stages = ['render', 'environment', 'train', 'register', 'swap'];

  constructor(
    private readonly instances: InstanceSource,
    private readonly renderer: PromptRenderer,
    private readonly learner: Learner,
    private readonly baseModel: BaseModel,
    private readonly models: ModelStore,
    private readonly promotion: Promotion,
  ) {}

  async execute(options: SftOptions, work: RunWork): Promise<void> {
    const { folder, report, version, signal } = work;
    const prepared = await folder.once('instances', () => this.prepare(options.task, work));
    const trained = await folder.once('training', () => this.train(options, prepared, work));
    work.measured({ ...trained.metrics, instances: prepared.instances });
    report({ stage: 'register' });
    const model = { kind: `policy.${options.task}`, version };
    const config = { ...options, baseModelSha256: this.baseModel.sha256, promptVersion: prepared.promptVersion };
    const files = await folder.collect('model', trained.folder, trained.files);
    await this.models.publish({ ...model, metrics: trained.metrics, config, parents: [], traffic: 'none' }, files);
    work.wrote(model);
    report({ stage: 'swap' });
    await this.promotion.promote(model, signal);
  }

  private async prepare(task: string, { folder, signal, report }: RunWork): Promise<Prepared> {
    report({ stage: 'render', unit: 'instances' });
    const instances = await this.instances.read(task);
    if (instances.length === 0)
      throw new RunFailedError(`there are no instances of task ${task}; write them as the README of services/trainer says`);
    const { rendered, promptVersion } = await this.renderer.render(task, instances, signal, (done) => {
      report({ stage: 'render', done, total: instances.length, unit: 'instances' });
    });
    const splits = instances.map(({ split }) => split);
    const lines = rendered.map(({ prompt, response }, index) => ({ split: splits[index], prompt, response }));
    const file = await folder.writeLines('instances.jsonl', lines);
    const counts = { train: 0, validation: 0, test: 0 };
    for (const split of splits) counts[split]++;
    return { file, instances: counts, promptVersion };
  }

  private async train(options: SftOptions, { file }: Prepared, { folder, signal, report }: RunWork): Promise<LearnerResult> {
    await this.learner.prepare(signal, (progress) => {
      report({ ...progress, stage: 'environment' });
    });
    const inputs = { instances: file, baseModel: this.baseModel.path };
    return this.learner.train({ command: 'train-sft', folder: folder.path, config: { ...options }, inputs }, signal, (progress) => {
      report({ ...progress, stage: 'train', message: [progress.stage, progress.message].filter(Boolean).join(': ') });
    });
  }
}
