import { beforeEach, describe, expect, it } from 'vitest';
import { FakeLearner, FakeModelStore, FakeServing, fakeWork, type FakeWork } from '../../../test/fakes.js';
import { ModelRefusedError, Promotion } from '../models/promotion.js';
import type { ClickJoin, JoinedClicks, JoinRules } from './click-join.js';
import { CtrRun } from './ctr-run.js';
import type { CtrOptions } from './options.js';

const ingestion = { flush: () => Promise.resolve() };
const LAST = Date.UTC(2026, 10, 20);
const DAY_MS = 86_400_000;
const options: CtrOptions = {
  days: 14,
  traffic: 'all',
  attributionMinutes: 30,
  trainFraction: 0.8,
  validationFraction: 0.1,
  init: 'stable',
  force: false,
  epochs: 3,
};
const slice = (file: string, impressions: number, clicked = 2) => ({ file, impressions, clicked });
const joined: JoinedClicks = {
  slices: { train: slice('/r/train', 80), validation: slice('/r/validation', 10), test: slice('/r/test', 10) },
  clicks: { joined: 12, late: 1, early: 0, orphan: 2, misplaced: 0, duplicate: 3 },
  traffic: { live: 0, simulated: 100 },
};
const metricsOf = (auc: number, logloss: number) => ({
  test: { model: { auc, logloss }, baselines: { mean: { auc: 0.5, logloss: 0.4 }, position: { auc: 0.6, logloss: 0.38 } } },
});

class FakeClickJoin implements ClickJoin {
  last: number | undefined = LAST;
  answer = joined;
  readonly asked: JoinRules[] = [];

  lastImpressionAt(): Promise<number | undefined> {
    return Promise.resolve(this.last);
  }

  join(rules: JoinRules): Promise<JoinedClicks> {
    this.asked.push(rules);
    return Promise.resolve(this.answer);
  }
}

describe('a CTR run', () => {
  let clicks: FakeClickJoin;
  let learner: FakeLearner;
  let models: FakeModelStore;
  let serving: FakeServing;
  let run: CtrRun;
  let work: FakeWork;
  beforeEach(() => {
    clicks = new FakeClickJoin();
    learner = new FakeLearner(metricsOf(0.7, 0.3));
    models = new FakeModelStore();
    serving = new FakeServing();
    run = new CtrRun(ingestion, clicks, learner, models, new Promotion(models, serving));
    work = fakeWork();
  });

  it('trains on the window before the last impression and ships what passes the gate', async () => {
    await run.execute(options, work);
    const window = { start: LAST - 14 * DAY_MS, end: LAST };
    expect(clicks.asked).toEqual([{ window, traffic: 'all', attributionMs: 1_800_000, trainFraction: 0.8, validationFraction: 0.1 }]);
    expect(learner.jobs).toMatchObject([
      {
        command: 'train-ctr',
        config: { epochs: 3, init: 'scratch' },
        inputs: { train: '/r/train', validation: '/r/validation', test: '/r/test' },
      },
    ]);
    expect(models.published).toMatchObject([
      { kind: 'ctr', version: work.version, window, traffic: 'simulated', parents: [], metrics: { gate: 'passed' } },
    ]);
    expect(await models.stable('ctr')).toBe(work.version);
    expect(work.metrics).toMatchObject({ gate: 'passed', impressions: { train: 80, validation: 10, test: 10 }, clicks: { orphan: 2 } });
    expect(work.reports.map(({ stage }) => stage)).toEqual(['ingest', 'join', 'environment', 'train', 'judge', 'register', 'swap']);
    expect(work.reports.find(({ stage }) => stage === 'train')).toMatchObject({ message: 'fit: loss 0.3', unit: 'steps' });
  });

  it('begins with the weights of the stable model unless it is told not to', async () => {
    await models.setStable({ kind: 'ctr', version: 'starter-1' });
    await run.execute(options, work);
    expect(learner.jobs[0]).toMatchObject({ config: { init: 'parent' }, inputs: { parent: '/registry/ctr/starter-1' } });
    expect(models.published[0]?.parents).toEqual([{ kind: 'ctr', version: 'starter-1' }]);
    const fresh = fakeWork();
    await run.execute({ ...options, init: 'scratch' }, fresh);
    expect(learner.jobs[1]?.config['init']).toBe('scratch');
    expect(learner.jobs[1]?.inputs).not.toHaveProperty('parent');
  });

  it('begins with the encoder that is configured, whatever serves, and records its checksum', async () => {
    await models.setStable({ kind: 'ctr', version: 'starter-1' });
    const encoder = { name: '/models/encoder', sha256: 'ab'.repeat(32) };
    const configured = new CtrRun(ingestion, clicks, learner, models, new Promotion(models, serving), encoder);
    await configured.execute({ ...options, init: 'pretrained', keepLayers: 3 }, work);
    expect(learner.jobs[0]?.config).toMatchObject({
      init: 'pretrained',
      pretrained: '/models/encoder',
      pretrainedSha256: encoder.sha256,
      keepLayers: 3,
    });
    expect(learner.jobs[0]?.inputs).not.toHaveProperty('parent');
    expect(models.published[0]).toMatchObject({ parents: [], config: { init: 'pretrained', pretrainedSha256: encoder.sha256 } });
    expect(models.published[0]?.config).not.toHaveProperty('pretrained');
  });

  it('says how to configure a pretrained encoder when one is asked for and there is none', async () => {
    await expect(run.execute({ ...options, init: 'pretrained' }, work)).rejects.toThrow(
      /set GQR_CTR_PRETRAINED .*GQR_CTR_PRETRAINED_SHA256/,
    );
    expect(clicks.asked).toEqual([]);
    expect(learner.prepared).toBe(0);
  });

  it('ships nothing that is worse than a baseline, and says by what and how to overrule it', async () => {
    learner.metrics = metricsOf(0.55, 0.3);
    await expect(run.execute(options, work)).rejects.toThrow(/its AUC of 0.5500 is below the 0.6000 of the position alone.*force=true/);
    expect(models.published).toEqual([]);
    expect(serving.loaded).toEqual([]);
  });

  it('ships it all the same when it is forced to, and records that', async () => {
    learner.metrics = metricsOf(0.55, 0.3);
    await run.execute({ ...options, force: true }, work);
    expect(models.published[0]?.metrics).toMatchObject({ gate: 'forced' });
    expect(await models.stable('ctr')).toBe(work.version);
  });

  it('leaves the channel as it was when the service refuses the model', async () => {
    await models.setStable({ kind: 'ctr', version: 'starter-1' });
    serving.refusal = 'its self-test failed';
    await expect(run.execute(options, work)).rejects.toThrow(ModelRefusedError);
    expect(await models.stable('ctr')).toBe('starter-1');
  });

  it.each([
    ['the log is empty', undefined, joined, /no impressions of traffic "all"/],
    ['a slice is empty', LAST, { ...joined, slices: { ...joined.slices, test: slice('/r/test', 0) } }, /the test slice has no impressions/],
    [
      'a slice has no click',
      LAST,
      { ...joined, slices: { ...joined.slices, train: slice('/r/train', 80, 0) } },
      /the train slice has 80 impressions and not one click \(clicks joined in all: 12, late 1, orphan 2\)/,
    ],
  ])('says why nothing can be learnt when %s', async (_when, last, answer, message) => {
    clicks.last = last;
    clicks.answer = answer;
    await expect(run.execute(options, work)).rejects.toThrow(message);
    expect(learner.prepared).toBe(0);
  });

  it('goes on where it was killed, with the same data and without training twice', async () => {
    work.folder.killAt = 'data';
    await expect(run.execute(options, work)).rejects.toThrow('killed');
    work.folder.killAt = 'training';
    await expect(run.execute(options, work)).rejects.toThrow('killed');
    await run.execute(options, work);
    await run.execute(options, work);
    expect(clicks.asked).toHaveLength(1);
    expect(learner.jobs).toHaveLength(1);
    expect(models.published).toHaveLength(1);
    expect(await models.stable('ctr')).toBe(work.version);
  });
});
