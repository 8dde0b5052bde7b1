import { cpSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { normalise } from '@gqr/chassis/text/normalise';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { injections } from './injection-corpus.js';
import { NO_MODEL, realModel } from './real-model.js';

const root = new URL('../../../../', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'gqr-generation-'));
const registry = new DirectoryRegistry(folder);
/** Loading three policies takes seconds, and far longer where other tests have the cores. */
const START_MS = 170_000;
const tasksDir = join(folder, '.tasks');

/** Publishes a policy whose adapter is no adapter, or one for another base model. */
async function publishPolicy(version: string, adapter: string, baseModelSha256: string): Promise<void> {
  const files = join(folder, '.files', version);
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, 'adapter.gguf'), adapter);
  await registry.publish(
    {
      kind: 'policy.suggestion',
      version,
      metrics: {},
      config: { task: 'suggestion', baseModelSha256 },
      dataWindow: null,
      parents: [],
      codeVersion: 'test',
      traffic: 'none',
    },
    files,
  );
}

const context = {
  query: 'how do i get candle wax out of a carpet',
  response: 'Let the wax harden, scrape off what you can, then lay brown paper over the rest and go over it with a warm iron.',
  history: [{ query: 'candle fell on carpet' }],
};

// A list takes a second, and half a minute where other tests have the cores.
describe('the generation service with a real language model', { timeout: 180_000 }, () => {
  let service: RunningService;
  let client: GrpcClient<typeof GenerationService>;

  beforeEach(({ skip }) => {
    skip(realModel === undefined, NO_MODEL);
  });
  beforeAll(async () => {
    if (realModel === undefined) return;
    cpSync(join(root, 'services/generation/tasks'), tasksDir, { recursive: true });
    const starter = join(root, 'starter/models');
    for (const kind of ['policy.suggestion', 'policy.clarification', 'policy.hint']) {
      if (existsSync(join(starter, kind))) cpSync(join(starter, kind), join(folder, kind), { recursive: true });
      for (const { version } of await registry.list(kind)) await registry.setChannel({ kind, version }, 'stable');
    }
    const main = join(root, 'services/generation/dist/src/main.js');
    const env = {
      GQR_TASKS_DIR: tasksDir,
      GQR_TASKS_RELOAD_SECONDS: '1',
      GQR_REGISTRY: folder,
      GQR_LLM_MODEL: realModel.path,
      GQR_LLM_MODEL_SHA256: realModel.sha256,
    };
    service = await startService(main, env, START_MS);
    client = grpcClient(GenerationService, service.grpc);
  });
  afterAll(async () => {
    if (realModel === undefined) return;
    client.close();
    await service.stop();
  });

  it.each([
    ['suggestion', 3, []],
    ['clarification', 8, ['guiding_sentence', 'prefix', 'suffix']],
    ['hint', 1, []],
  ])('writes a whole list for %s', async (taskId, count, auxiliary) => {
    const list = await client.generate({ taskId, context, cooccurrenceQueries: ['remove wax with a hair dryer', 'carpet cleaner hire'] });
    expect(list.queries).toHaveLength(count);
    expect(new Set(list.queries.map(({ text }) => normalise(text))).size).toBe(count);
    expect(Object.keys(list.auxiliaryTexts).sort()).toEqual([...auxiliary].sort());
    expect(list.usage?.promptTokens).toBeGreaterThan(50);
    for (const { text, logPropensity } of list.queries) {
      expect(text).toMatch(/^[^\s\p{P}\n|][^\n|]*$/u);
      expect(logPropensity ?? -1).toBeLessThanOrEqual(0);
    }
  });

  it('sends each query as soon as it is complete, and at last the whole list', async () => {
    const kinds: (string | undefined)[] = [];
    const texts: string[] = [];
    for await (const { event } of client.streamGenerate({ request: { taskId: 'suggestion', context } })) {
      kinds.push(event.case);
      if (event.case === 'started') expect(event.value.policy?.version).not.toBe('');
      if (event.case === 'query') texts.push(event.value.text);
      if (event.case === 'response') expect(event.value.queries.map(({ text }) => text)).toEqual(texts);
    }
    expect(kinds).toEqual(['started', 'query', 'query', 'query', 'response']);
  });

  it('writes the same list for the same seed, and evaluates a shared prompt once', async () => {
    const ask = () => client.generate({ taskId: 'suggestion', context, decoding: { seed: 42n } });
    const first = await ask();
    const second = await ask();
    expect(second.queries.map(({ text }) => text)).toEqual(first.queries.map(({ text }) => text));
    expect(second.usage?.cachedPromptTokens).toBeGreaterThan((second.usage?.promptTokens ?? 0) - 3);
  });

  it('always parses, whatever users write, even at a high temperature', async () => {
    const chosen = [
      'ends the message and speaks as the system',
      'asks to ignore what is above',
      'hides text in zero-width characters',
      'another script',
    ];
    for (const { text } of injections.filter(({ name }) => chosen.includes(name))) {
      const { queries } = await client.generate({
        taskId: 'hint',
        context: { ...context, query: text, response: text },
        count: 2,
        decoding: { temperature: 1.2, topP: 1, minP: 0 },
      });
      expect(new Set(queries.map((query) => normalise(query.text))).size).toBe(2);
      for (const query of queries) expect(query.text).not.toMatch(/[\n|]|<\|/);
    }
  });

  it('refuses a query of 100 kB and takes an answer of 20,000 characters', async () => {
    const long = 'ignore the above '.repeat(6_000);
    await expect(client.generate({ taskId: 'hint', context: { query: long } })).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    const { queries, usage } = await client.generate({ taskId: 'hint', context: { query: 'rice', response: long.slice(0, 20_000) } });
    expect(queries).toHaveLength(1);
    expect(usage?.promptTokens).toBeLessThan(400);
  });

  it('completes what the user is typing', async () => {
    const { queries, policy } = await client.generate({ taskId: 'completion', context: { query: 'how to fr' }, count: 3 });
    expect(queries).toHaveLength(3);
    for (const { text } of queries) expect(text.toLowerCase()).toMatch(/^how to fr./);
    expect(policy?.kind).toBe('policy.suggestion');
  });

  it('has worked examples before the prompt of the bare model, as many as fit', async () => {
    const example = (words: number) => ({
      context: { query: 'boil eggs', response: 'Ten minutes. '.repeat(words) },
      queries: ['peel a boiled egg'],
    });
    const examples = [example(1), ...Array.from({ length: 7 }, () => example(100))];
    const ask = { taskId: 'hint', context, policyVersion: 'base', examples, includePrompt: true, decoding: { seed: 4n } };
    const list = await client.generate(ask);
    expect(list.prompt).toContain('peel a boiled egg<|im_end|>\n<|im_start|>user\n');
    expect(list.promptExamples).toBeGreaterThan(1);
    expect(list.promptExamples).toBeLessThan(8);
    expect(list.usage?.promptTokens).toBeLessThan(1_024 - 20);
    expect(list.promptVersion).toMatch(/^[0-9a-f]{16}-[0-9a-f]{8}$/);
    expect(list.queries).toHaveLength(1);
    await expect(client.generate({ ...ask, examples: [{ context, queries: [] }] })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      violations: [{ field: 'examples[0].queries' }],
    });
  });

  it('draws from a pool once it is full, with exact propensities', async () => {
    const ask = () => client.generate({ taskId: 'hint', context: { query: 'pool test' }, pool: { size: 2 } });
    const [first, second] = [await ask(), await ask()];
    const third = await ask();
    expect([first.usage?.pooled, second.usage?.pooled, third.usage?.pooled]).toEqual([false, false, true]);
    const written = [first, second].map(({ queries }) => queries[0]?.text);
    expect(written).toContain(third.queries[0]?.text);
    expect(third.queries[0]?.logPropensity).toBeCloseTo(written[0] === written[1] ? 0 : Math.log(0.5), 12);
  });

  it('stops writing when the caller leaves', async () => {
    const before = Date.now();
    await expect(
      client.generate({ taskId: 'clarification', context: { query: 'cancelled request' } }, { deadline: before + 150 }),
    ).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    // The model is free again at once: a hint is written sooner than the cancelled list would have been.
    await client.generate({ taskId: 'hint', context });
  });

  it('proposes candidates whose log-probabilities add up to that of the list', async () => {
    const chosen: string[] = [];
    let sum = 0;
    for (const search of [undefined, { groups: 2, similarityPenalty: 1 }]) {
      const { candidates } = await client.proposeNext({
        taskId: 'suggestion',
        context,
        count: 2,
        chosenQueries: chosen,
        candidates: 3,
        decoding: { seed: 5n },
        ...(search && { diverseBeams: search }),
      });
      // What must not be shown is looked for again, but not for ever.
      expect(candidates.length).toBeGreaterThan(0);
      expect(candidates.length).toBeLessThanOrEqual(3);
      expect(new Set(candidates.map(({ text }) => normalise(text))).size).toBe(candidates.length);
      const values = candidates.map(({ logProbability }) => logProbability);
      expect(values).toEqual([...values].sort((a, b) => b - a));
      chosen.push(candidates[0]?.text ?? '');
      sum += candidates[0]?.logProbability ?? NaN;
    }
    const score = await client.scoreResponse({ taskId: 'suggestion', context, queries: chosen });
    // The weights are quantised: llama.cpp rounds by how many tokens it evaluates at once.
    expect(Math.abs(score.logProbability - sum)).toBeLessThan(0.3);
    expect(score.queryLogProbabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(score.logProbability, 6);
  });

  it('scores auxiliary texts as parts of the list too', async () => {
    const score = await client.scoreResponse({
      taskId: 'clarification',
      context: { query: 'write a toast' },
      auxiliaryTexts: { guiding_sentence: 'Which one?', prefix: 'write', suffix: '' },
      queries: ['for a wedding', 'for a birthday'],
    });
    const parts = [...Object.values(score.auxiliaryLogProbabilities), ...score.queryLogProbabilities];
    expect(parts).toHaveLength(5);
    expect(parts.reduce((a, b) => a + b, 0)).toBeCloseTo(score.logProbability, 6);
  });

  it('knows the propensity of a list as the sum of those of its lines', async () => {
    const { queries, logPropensity } = await client.generate({ taskId: 'suggestion', context, count: 2, decoding: { seed: 3n } });
    const parts = queries.map((query) => query.logPropensity);
    const sum = parts.reduce((a, b) => (a === undefined || b === undefined ? undefined : a + b), 0);
    expect(sum === undefined).toBe(logPropensity === undefined);
    expect(sum ?? 0).toBeCloseTo(logPropensity ?? 0, 9);
  });

  it('takes a new task over while it runs, after it was checked, previewed and tried', async () => {
    const text = `id: rewording
description: The query in other words.
instruction: Write {count} other wordings of a search query.
count: { default: 1, max: 3 }
inputs: [{ name: query, label: Query, tokens: 48 }, { name: tone, label: Tone, tokens: 8 }]
budget: { tokens: 56, shorten: [tone, query] }
query: { max_characters: 40, max_words: 6 }
policy_of: suggestion
list_reward: single
decoding: { temperature: 0.7, top_p: 0.95, min_p: 0.05, repetition_penalty: 1.0 }
`;
    const file = 'rewording.yaml';
    const wrong = await client.checkTask({ source: { file, text: text.replace('top_p', 'topP') } });
    expect(wrong.faults).toMatchObject([
      { file, line: 10, field: 'decoding.top_p' },
      { file, line: 10, field: 'decoding.topP', description: 'is no field of a task file; did you mean "top_p"?' },
    ]);
    expect((await client.checkTask({ source: { file, text } })).task).toMatchObject({ taskId: 'rewording', sideInformation: ['tone'] });
    const instance = { context: { query: 'x'.repeat(400), sideInformation: { tone: 'plain' } } };
    const preview = await client.previewTask({ task: { case: 'source', value: { file, text } }, instance });
    expect(preview.prompt).toContain('Tone: plain\n');
    expect(preview.sections.map(({ name, shortened }) => [name, shortened])).toEqual([
      ['query', true],
      ['tone', false],
    ]);
    const ask = { context: { query: 'freeze rice', sideInformation: { tone: 'plain' } } };
    expect((await client.tryTask({ source: { file, text }, request: ask })).list?.queries).toHaveLength(1);
    await expect(client.generate({ ...ask, taskId: 'rewording' })).rejects.toMatchObject({ reason: 'UNKNOWN_TASK' });
    writeFileSync(join(tasksDir, file), text);
    const list = await vi.waitFor(() => client.generate({ ...ask, taskId: 'rewording' }), { timeout: 30_000, interval: 500 });
    expect(list.queries).toHaveLength(1);
    expect(list.promptVersion).toBe(preview.promptVersion);
  });

  it('refuses a damaged adapter and one for another base model, and goes on serving', async () => {
    await publishPolicy('damaged', 'this is no adapter', realModel?.sha256 ?? '');
    await publishPolicy('foreign', 'whatever', 'f'.repeat(64));
    const { tasks } = await client.listTasks({});
    const serving = tasks.find(({ taskId }) => taskId === 'suggestion')?.policyVersion;
    for (const policyVersion of ['damaged', 'foreign', 'absent']) {
      await expect(client.loadPolicy({ taskId: 'suggestion', policyVersion, serve: true })).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        reason: 'UNUSABLE_POLICY',
      });
    }
    const list = await client.generate({ taskId: 'suggestion', context });
    expect(list.policy?.version).toBe(serving);
    expect(service.process.exitCode).toBeNull();
  });

  it('names every fault of a request with its field', async () => {
    const wrong = client.generate({
      taskId: 'hint',
      context: { query: ' \u200b ', sideInformation: { x: 'y' } },
      count: 99,
      decoding: { temperature: 3 },
    });
    await expect(wrong).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    const error = (await wrong.catch((e: unknown) => e)) as { violations: { field: string }[] };
    expect(error.violations.map(({ field }) => field)).toEqual([
      'context.query',
      'context.side_information["x"]',
      'count',
      'decoding.temperature',
    ]);
    await expect(client.generate({ taskId: 'nonsense' })).rejects.toMatchObject({ code: status.NOT_FOUND, reason: 'UNKNOWN_TASK' });
    await expect(client.generate({ taskId: 'hint', context, policyVersion: 'none' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('keeps query text out of its log', async () => {
    await client.generate({ taskId: 'hint', context: { query: 'a very private matter' } });
    expect(service.output()).toContain('completion_tokens');
    expect(service.output()).not.toContain('private matter');
  });
});
