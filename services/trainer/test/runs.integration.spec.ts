import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { RunState } from '@gqr/protos/gqr/trainer/v1/trainer';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BEGIN, click, impression, MINUTE, toRecord, userQuery } from './events.js';
import { goodLearner, TrainerSite } from './trainer-site.js';

/** Sessions in which tomatoes are followed by blight twice and by watering once; 60 impressions, every third of them clicked. */
const events = [
  ...['s1', 's2', 's3'].flatMap((session, index) => [
    userQuery(`${session}-1`, session, BEGIN + index * MINUTE, 'How to grow tomatoes?'),
    userQuery(`${session}-2`, session, BEGIN + index * MINUTE + 1_000, index < 2 ? 'tomato blight' : 'watering tomatoes'),
  ]),
  ...Array.from({ length: 60 }, (_, index) =>
    impression(`i${String(index)}`, BEGIN + index * MINUTE, ['tomato blight', 'watering', 'pots']),
  ),
  ...Array.from({ length: 20 }, (_, index) => click(`i${String(index * 3)}`, (index % 3) + 1, BEGIN + index * 3 * MINUTE + 5_000)),
];

/** Processes start slowly on a machine that does other things. */
const patience = { timeout: 10_000 };

/** Whether a process runs; one that has ended but whose parent has not noticed does not. */
const lives = (pid: number): boolean => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
};

describe('runs of the trainer', () => {
  const site = new TrainerSite();
  beforeAll(async () => {
    await site.log.append(events.map(toRecord));
    await site.start();
  });
  afterEach(() => {
    site.learner(goodLearner);
    site.services.refusal = undefined;
  });
  afterAll(() => site.end());

  it('co-occurrence: from the log to a snapshot that serves', async () => {
    const run = await site.run('cooccurrence');
    expect(run).toMatchObject({ state: RunState.SUCCEEDED, error: '', attempts: 1, metrics: { queries: 1, pairs: 1, rarePairs: 1 } });
    expect(run.options).toMatchObject({ days: 90, minCount: 2 });
    const version = run.model?.version ?? '';
    expect(site.services.loaded.at(-1)).toEqual({ kind: 'cooccurrence', version });
    const db = new DatabaseSync(join(site.folder, 'registry', 'cooccurrence', version, 'snapshot.sqlite'), { readOnly: true });
    expect(
      db
        .prepare(
          'SELECT query, queries.text AS text, followed, next.text AS next, count FROM queries JOIN next_queries AS next USING (query_id)',
        )
        .all(),
    ).toEqual([{ query: 'how to grow tomatoes', text: 'How to grow tomatoes?', followed: 3, next: 'tomato blight', count: 2 }]);
    expect(db.prepare('SELECT text, count FROM popular_queries ORDER BY rank').all()).toEqual([
      { text: 'How to grow tomatoes?', count: 3 },
      { text: 'tomato blight', count: 2 },
    ]);
    db.close();
    const { model } = await site.client.getModel({ id: { kind: 'cooccurrence' } });
    expect(model).toMatchObject({ id: { version }, channels: ['stable'], traffic: 'simulated' });
    expect(site.runFolders()).toEqual([]);
  });

  it('ctr: from the log to a model that serves, and from there on', async () => {
    const first = await site.run('ctr', { init: 'scratch', epochs: 2 });
    expect(first).toMatchObject({
      state: RunState.SUCCEEDED,
      error: '',
      metrics: { gate: 'passed', impressions: { train: 48, validation: 6, test: 6 } },
    });
    const second = await site.run('ctr');
    expect(site.learnerStarts().map(({ config, inputs }) => [config['init'], inputs['parent']?.split('/').at(-1)])).toEqual([
      ['scratch', undefined],
      ['parent', first.model?.version],
    ]);
    const { model } = await site.client.getModel({ id: { kind: 'ctr' } });
    expect(model).toMatchObject({ id: second.model, channels: ['stable'], parents: [first.model], metrics: { clicks: { joined: 20 } } });
    expect(model?.files.map(({ name }) => name)).toEqual(['input.json', 'model.onnx']);
  });

  it('sft: from written instances to a policy that serves', async () => {
    const run = await site.run('sft', { task: 'suggestion', epochs: 1 });
    expect(run.error).toBe('');
    expect(site.services.loaded.at(-1)).toEqual({ kind: 'policy.suggestion', version: run.model?.version });
    const { model } = await site.client.getModel({ id: { kind: 'policy.suggestion' } });
    expect(model).toMatchObject({ config: { task: 'suggestion', baseModelSha256: 'a'.repeat(64), promptVersion: 'p1' } });
    expect(model?.files.map(({ name }) => name)).toEqual(['adapter.gguf', 'peft/adapter_config.json']);
  });

  it('ships no model that is worse than the baselines, and says how to overrule that', async () => {
    const before = await site.registry.channel('ctr', 'stable');
    site.learner({ ...goodLearner, metrics: { test: { ...goodLearner.metrics.test, model: { auc: 0.4, logloss: 0.5 } } } });
    const refused = await site.run('ctr');
    expect(refused.state).toBe(RunState.FAILED);
    expect(refused.error).toMatch(/worse than a baseline.*AUC of 0.4000.*force=true/);
    expect(await site.registry.channel('ctr', 'stable')).toBe(before);
    const forced = await site.run('ctr', { force: true });
    expect(forced).toMatchObject({ state: RunState.SUCCEEDED, metrics: { gate: 'forced' } });
  });

  it('leaves everything as it was when the service refuses the model', async () => {
    const before = await site.registry.channel('ctr', 'stable');
    site.services.refusal = 'golden.json disagrees';
    const run = await site.run('ctr');
    expect(run).toMatchObject({ state: RunState.FAILED, error: expect.stringContaining('golden.json disagrees') as string });
    expect(await site.registry.channel('ctr', 'stable')).toBe(before);
  });

  it('tells what the learner says when it fails, and keeps its log', async () => {
    site.learner({ ...goodLearner, error: { reason: 'the loss is not a number', remedy: 'lower learningRate' } });
    const run = await site.run('ctr');
    expect(run).toMatchObject({ state: RunState.FAILED, error: 'the loss is not a number; lower learningRate' });
    const folder = join(site.folder, 'trainer', 'runs', run.runId);
    expect(readdirSync(folder)).toEqual(['learner.log']);
    expect(readFileSync(join(folder, 'learner.log'), 'utf8')).toContain('began at step 0');
  });

  it('reports progress with stage, rate and time left while the learner works', async () => {
    site.learner({ ...goodLearner, steps: 4, stepMs: 50 });
    const { run } = await site.client.startRun({ kind: 'ctr' });
    const stages = new Map<string, unknown>();
    for await (const seen of site.client.watchRun({ runId: run?.runId ?? '' })) {
      if (seen.run?.progress) stages.set(seen.run.progress.stage, seen.run.progress);
    }
    expect([...stages.keys()]).toEqual(expect.arrayContaining(['train', 'swap']));
    expect(stages.get('train')).toMatchObject({
      stageNumber: 4,
      stages: 7,
      done: 4,
      total: 4,
      unit: 'steps',
      rate: 10,
      secondsLeft: 1.5,
      message: 'fit',
    });
  });

  it('kills the learner of a run that is cancelled, and goes on with the next', async () => {
    site.learner({ ...goodLearner, steps: 1_000, stepMs: 50 });
    const { run } = await site.client.startRun({ kind: 'ctr' });
    const runId = run?.runId ?? '';
    await site.reached(runId, RunState.RUNNING, 'train');
    const pid = site.learnerStarts().at(-1)?.pid ?? 0;
    const { run: waiting } = await site.client.startRun({ kind: 'cooccurrence' });
    expect((await site.client.cancelRun({ runId })).run?.state).toBe(RunState.CANCELLED);
    expect(lives(pid)).toBe(false);
    expect(await site.ended(waiting?.runId ?? '')).toMatchObject({ state: RunState.SUCCEEDED });
    await expect(site.client.cancelRun({ runId })).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'RUN_ENDED' });
    expect(existsSync(join(site.folder, 'trainer', 'runs', runId))).toBe(false);
  });

  it('goes on with a run from the checkpoint when it is killed, then with those that waited, and leaves no learner behind', async () => {
    site.learner({ ...goodLearner, steps: 12, stepMs: 100 });
    const { run } = await site.client.startRun({ kind: 'ctr' });
    const runId = run?.runId ?? '';
    const begun = site.learnerStarts().length;
    await expect.poll(() => site.learnerStarts().length, patience).toBe(begun + 1);
    await site.reached(runId, RunState.RUNNING, 'train');
    await expect.poll(async () => (await site.client.getRun({ runId })).run?.progress?.done, patience).toBeGreaterThanOrEqual(2);
    const { run: waiting } = await site.client.startRun({ kind: 'cooccurrence' });
    const { pid } = site.learnerStarts().at(-1) ?? { pid: 0 };
    await site.kill();
    await expect.poll(() => lives(pid), patience).toBe(false);
    await site.start();
    expect(await site.ended(runId)).toMatchObject({
      state: RunState.SUCCEEDED,
      attempts: 2,
      model: { version: runId.slice('ctr-'.length) },
    });
    const starts = site.learnerStarts().slice(begun);
    expect(starts).toHaveLength(2);
    expect(starts[1]?.first).toBeGreaterThanOrEqual(2);
    expect(starts[1]?.inputs).toEqual(starts[0]?.inputs);
    expect(await site.ended(waiting?.runId ?? '')).toMatchObject({ state: RunState.SUCCEEDED, attempts: 1 });
  }, 60_000);

  it('makes a model serve once, though it is killed between registering and swapping', async () => {
    site.services.stop();
    const { run } = await site.client.startRun({ kind: 'cooccurrence' });
    const runId = run?.runId ?? '';
    await site.reached(runId, RunState.RUNNING, 'swap');
    await site.kill();
    await site.services.start();
    await site.start();
    expect(await site.ended(runId)).toMatchObject({ state: RunState.SUCCEEDED, attempts: 2 });
    const version = runId.slice('cooccurrence-'.length);
    expect(site.services.loaded.at(-1)?.version).toBe(version);
    expect((await site.registry.list('cooccurrence')).filter((model) => model.version === version)).toHaveLength(1);
  }, 60_000);

  it('waits a while for a service that can’t be reached, then says so and changes nothing', async () => {
    site.services.stop();
    const before = await site.registry.channel('cooccurrence', 'stable');
    const run = await site.run('cooccurrence');
    expect(run.error).toMatch(/can't be reached.*can be promoted/);
    expect(await site.registry.channel('cooccurrence', 'stable')).toBe(before);
    await site.services.start();
  });

  it('promotes models and rolls them back', async () => {
    const [first, second] = [await site.run('cooccurrence'), await site.run('cooccurrence')];
    const versions = [first.model?.version, second.model?.version];
    expect([first.error, second.error]).toEqual(['', '']);
    const listed = (await site.client.listModels({ kind: 'cooccurrence' })).models.map(({ id }) => id?.version);
    expect(listed.slice(0, 2)).toEqual(versions.toReversed());
    expect(await site.client.rollback({ kind: 'cooccurrence' })).toMatchObject({ version: versions[0] });
    expect(site.services.loaded.at(-1)?.version).toBe(versions[0]);
    expect(await site.client.promote({ id: second.model ?? {} })).toMatchObject({ previousVersion: versions[0] });
    expect((await site.client.getModel({ id: { kind: 'cooccurrence' } })).model?.id?.version).toBe(versions[1]);
  });

  it('refuses to promote what is not there, and to go back where nothing was', async () => {
    await expect(site.client.promote({ id: { kind: 'ctr', version: 'v9' } })).rejects.toMatchObject({
      code: status.NOT_FOUND,
      reason: 'MODEL_NOT_FOUND',
    });
    await expect(site.client.rollback({ kind: 'policy.hint' })).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'NO_EARLIER_VERSION',
    });
    await expect(site.client.getModel({ id: { kind: 'policy.hint' } })).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(site.client.getModel({ id: { kind: '../etc', version: 'passwd' } })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('names every fault of a bad request', async () => {
    const faults = async (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);
    expect(await faults(site.client.startRun({ kind: 'rlhf' }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: [{ field: 'kind' }],
    });
    expect(await faults(site.client.startRun({ kind: 'ctr', options: { epoch: 3, days: 0, trainFraction: 0.95 } }))).toMatchObject({
      violations: [{ field: 'options.days' }, { field: 'options.epoch' }, { field: 'options.validationFraction' }],
    });
    expect(await faults(site.client.startRun({ kind: 'sft', options: {} }))).toMatchObject({ violations: [{ field: 'options.task' }] });
    expect(await faults(site.client.getRun({ runId: 'ctr-1' }))).toMatchObject({ code: status.NOT_FOUND, reason: 'RUN_NOT_FOUND' });
    expect(await faults(site.client.watchRun({ runId: 'ctr-1' })[Symbol.asyncIterator]().next())).toMatchObject({ code: status.NOT_FOUND });
    expect(await faults(site.client.listRuns({ limit: 1_001 }))).toMatchObject({ violations: [{ field: 'limit' }] });
    expect(await faults(site.client.promote({ id: { kind: 'ctr' } }))).toMatchObject({ violations: [{ field: 'id.version' }] });
  });
});
