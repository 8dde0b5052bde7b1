import { join } from 'node:path';
import type { LogIngestion } from '../ingest/ingestion.js';
import type { Learner, LearnerJob, LearnerResult } from '../learner.js';
import type { ModelId, ModelStore } from '../models/model-store.js';
import type { Promotion } from '../models/promotion.js';
import { RunFailedError } from '../runs/errors.js';
import type { RunKind, RunWork } from '../runs/run-kind.js';
import { mixOf, type Window, windowBefore } from '../runs/window.js';
import { type ClickJoin, type JoinedClicks, slices } from './click-join.js';
import { shortcomings, testResultIn } from './gate.js';
import { type CtrOptions, type PretrainedEncoder, trainingFields } from './options.js';

const KIND = 'ctr';
const MINUTE_MS = 60_000;

/** What training is made from. */
interface Prepared {
  readonly window: Window;
  readonly joined: JoinedClicks;
  /** Version of the model that training begins with, and its folder. */
  readonly parent?: { readonly version: string; readonly folder: string } | undefined;
}

/** Trains the click predictor on the log (paper section 3.2.1), judges it on what came later, and has it serve. */
export class CtrRun implements RunKind<CtrOptions> {
  readonly stages = ['ingest', 'join', 'environment', 'train', 'judge', 'register', 'swap'];

  constructor(
    private readonly ingestion: LogIngestion,
    private readonly clicks: ClickJoin,
    private readonly learner: Learner,
    private readonly models: ModelStore,
    private readonly promotion: Promotion,
    private readonly pretrained?: PretrainedEncoder,
  ) {}

  async execute(options: CtrOptions, work: RunWork): Promise<void> {
    const encoder = this.encoderFor(options);
    const { folder, signal, report } = work;
    const prepared = await folder.once('data', () => this.prepare(options, work));
    work.measured({ impressions: sizesOf(prepared.joined), clicks: prepared.joined.clicks });
    const trained = await folder.once('training', async () => {
      await this.learner.prepare(signal, (progress) => {
        report({ ...progress, stage: 'environment' });
      });
      return this.learner.train(jobOf(options, prepared, folder.path, encoder), signal, (progress) => {
        report({ ...progress, stage: 'train', message: [progress.stage, progress.message].filter(Boolean).join(': ') });
      });
    });
    work.measured(trained.metrics);
    report({ stage: 'judge' });
    const gate = judge(trained, options.force);
    work.measured({ gate });
    report({ stage: 'register' });
    await this.register(options, prepared, trained, gate, work);
    report({ stage: 'swap' });
    await this.promotion.promote({ kind: KIND, version: work.version }, signal);
  }

  /** @throws RunFailedError if a pretrained encoder is asked for and none is configured */
  private encoderFor({ init }: CtrOptions): PretrainedEncoder | undefined {
    if (init !== 'pretrained') return undefined;
    if (this.pretrained === undefined)
      throw new RunFailedError(
        'init is "pretrained", but this trainer has no pretrained encoder; set GQR_CTR_PRETRAINED to a folder with config.json, ' +
          'model.safetensors and tokenizer.json, and GQR_CTR_PRETRAINED_SHA256 to the checksum of its weights, and start it again',
      );
    return this.pretrained;
  }

  private async prepare(options: CtrOptions, { folder, signal, report }: RunWork): Promise<Prepared> {
    report({ stage: 'ingest' });
    await this.ingestion.flush(signal);
    report({ stage: 'join' });
    const last = await this.clicks.lastImpressionAt(options.traffic, signal);
    if (last === undefined)
      throw new RunFailedError(`the log holds no impressions of traffic "${options.traffic}"; call Recommend or import events first`);
    const window = windowBefore(last, options.days);
    const { traffic, trainFraction, validationFraction } = options;
    const rules = { window, traffic, trainFraction, validationFraction, attributionMs: options.attributionMinutes * MINUTE_MS };
    const joined = await this.clicks.join(rules, join(folder.path, 'data'), signal);
    refuseThin(joined);
    const stable = options.init === 'stable' ? await this.models.stable(KIND) : undefined;
    if (stable === undefined) return { window, joined };
    return { window, joined, parent: { version: stable, folder: await this.models.open({ kind: KIND, version: stable }) } };
  }

  private async register(
    options: CtrOptions,
    { window, joined, parent }: Prepared,
    trained: LearnerResult,
    gate: string,
    work: RunWork,
  ): Promise<void> {
    const encoder = this.encoderFor(options);
    const parents: ModelId[] = parent === undefined ? [] : [{ kind: KIND, version: parent.version }];
    const metrics = { ...trained.metrics, clicks: joined.clicks, impressions: sizesOf(joined), gate };
    const model = { kind: KIND, version: work.version };
    const files = await work.folder.collect('model', trained.folder, trained.files);
    const config = { ...options, ...(encoder && { pretrainedSha256: encoder.sha256 }) };
    await this.models.publish({ ...model, metrics, config, window, parents, traffic: mixOf(joined.traffic) }, files);
    work.wrote(model);
  }
}

const sizesOf = ({ slices: { train, validation, test } }: JoinedClicks): Record<string, number> => ({
  train: train.impressions,
  validation: validation.impressions,
  test: test.impressions,
});

/** @throws RunFailedError if nothing could be learnt or measured */
function refuseThin({ slices: found, clicks }: JoinedClicks): void {
  for (const slice of slices) {
    const { impressions, clicked } = found[slice];
    if (impressions > 0 && clicked > 0) continue;
    const what = impressions === 0 ? 'no impressions' : `${String(impressions)} impressions and not one click`;
    throw new RunFailedError(
      `the ${slice} slice has ${what} (clicks joined in all: ${String(clicks.joined)}, late ${String(clicks.late)}, orphan ${String(clicks.orphan)}); ` +
        'take a longer window (option days), other fractions, or wait for more traffic',
    );
  }
}

function jobOf(options: CtrOptions, { joined, parent }: Prepared, folder: string, encoder: PretrainedEncoder | undefined): LearnerJob {
  const training = Object.fromEntries(trainingFields.map((name) => [name, options[name]]));
  const { train, validation, test } = joined.slices;
  return {
    command: 'train-ctr',
    folder,
    config: { ...training, ...startOf(parent, encoder) },
    inputs: { train: train.file, validation: validation.file, test: test.file, ...(parent && { parent: parent.folder }) },
  };
}

/** What the learner starts from. */
function startOf(parent: Prepared['parent'], encoder: PretrainedEncoder | undefined): Record<string, string> {
  if (encoder !== undefined) return { init: 'pretrained', pretrained: encoder.name, pretrainedSha256: encoder.sha256 };
  return { init: parent === undefined ? 'scratch' : 'parent' };
}

/** Says how the gate was passed. @throws RunFailedError if it was not */
function judge({ metrics }: LearnerResult, force: boolean): 'passed' | 'forced' {
  const found = shortcomings(testResultIn(metrics));
  if (found.length === 0) return 'passed';
  if (force) return 'forced';
  throw new RunFailedError(
    `the new model is worse than a baseline on the test slice and was not shipped: ${found.join('; ')}. ` +
      'More traffic or more epochs may mend it; option force=true ships it all the same',
  );
}
