import { beforeEach, describe, expect, it } from 'vitest';
import { FakeLearner, FakeModelStore, FakeServing, fakeWork, type FakeWork } from '../../../test/fakes.js';
import { Promotion } from '../models/promotion.js';
import type { PromptRenderer, SftInstance } from './instances.js';
import { SftRun } from './sft-run.js';

const instance = (split: SftInstance['split'], query: string): SftInstance => ({
  split,
  query,
  response: '',
  history: [],
  cooccurrenceQueries: [],
  auxiliaryTexts: {},
  queries: ['a', 'b'],
});
const renderer: PromptRenderer = {
  render: (_task, instances) =>
    Promise.resolve({
      promptVersion: 'p1',
      rendered: instances.map(({ query, queries }) => ({ prompt: query, response: queries.join('|') })),
    }),
};

describe('an SFT run', () => {
  let instances: SftInstance[];
  let learner: FakeLearner;
  let models: FakeModelStore;
  let serving: FakeServing;
  let run: SftRun;
  let work: FakeWork;
  beforeEach(() => {
    instances = [instance('train', 'q1'), instance('train', 'q2'), instance('test', 'q3')];
    learner = new FakeLearner({ nllPerToken: { train: 1.2 } });
    models = new FakeModelStore();
    serving = new FakeServing();
    const source = { read: () => Promise.resolve(instances) };
    const baseModel = { path: '/cache/base.gguf', sha256: 'b'.repeat(64) };
    run = new SftRun(source, renderer, learner, baseModel, models, new Promotion(models, serving));
    work = fakeWork();
  });

  it('trains on prompts as they are rendered to serve, and has the policy serve its task', async () => {
    await run.execute({ task: 'suggestion', epochs: 2 }, work);
    expect(work.folder.files.get('instances.jsonl')).toEqual([
      { split: 'train', prompt: 'q1', response: 'a|b' },
      { split: 'train', prompt: 'q2', response: 'a|b' },
      { split: 'test', prompt: 'q3', response: 'a|b' },
    ]);
    expect(learner.jobs).toMatchObject([
      {
        command: 'train-sft',
        config: { task: 'suggestion', epochs: 2 },
        inputs: { instances: '/runs/r/instances.jsonl', baseModel: '/cache/base.gguf' },
      },
    ]);
    expect(models.published).toMatchObject([
      { kind: 'policy.suggestion', traffic: 'none', config: { task: 'suggestion', baseModelSha256: 'b'.repeat(64), promptVersion: 'p1' } },
    ]);
    expect(serving.loaded.at(-1)).toEqual({ kind: 'policy.suggestion', version: work.version });
    expect(work.metrics).toMatchObject({ instances: { train: 2, validation: 0, test: 1 } });
  });

  it('says so when the task has no instances', async () => {
    instances = [];
    await expect(run.execute({ task: 'completion' }, work)).rejects.toThrow('there are no instances of task completion');
    expect(learner.prepared).toBe(0);
  });

  it('does not train twice when it was killed after training', async () => {
    work.folder.killAt = 'training';
    await expect(run.execute({ task: 'hint' }, work)).rejects.toThrow('killed');
    await run.execute({ task: 'hint' }, work);
    expect(learner.jobs).toHaveLength(1);
    expect(await models.stable('policy.hint')).toBe(work.version);
  });
});
