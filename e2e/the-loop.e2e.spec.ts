import { join } from 'node:path';
import { Traffic } from '@gqr/protos/gqr/events/v1/events';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gqr, impossible, PATIENCE_MS, SERVICES } from './support/gqr.js';
import { PLANTED, writeLogFile } from './support/log-file.js';
import { readLog } from './support/read-log.js';
import { type RunDocument, type StatusDocument, TINY_CTR } from './support/runs.js';
import { overGrpc, overHttp, type RecommendAnswer, type RecommendRequest, type SearchBackend } from './support/search-backend.js';

const SEARCH: Omit<RecommendRequest, 'taskId'> = {
  query: 'why does my sourdough starter smell like nail polish remover',
  response:
    'A smell of acetone means that the starter is hungry: the yeast has used up the flour. Feed it more often, or keep it somewhere ' +
    'cooler, and it should smell of yoghurt again after two or three feedings.',
  history: [
    {
      query: 'how do i make a sourdough starter',
      response: 'Mix equal weights of flour and water, leave the jar at room temperature, and feed it once a day for a week.',
    },
    {
      query: 'what flour is best for feeding it',
      response: 'Wholemeal rye gets a starter going fastest; later plain white bread flour is enough.',
    },
    { query: 'can i keep it in the fridge', response: 'Yes. In the fridge it needs feeding only once a week.' },
  ],
  sessionId: 'e2e-sourdough',
};

const WRITING: Omit<RecommendRequest, 'taskId'> = {
  query: 'write a short toast for my sister’s wedding',
  response: 'Dear Anna, from the day you stole my bicycle I knew that you would go far. Today you go with Tom. To the two of you!',
  history: [{ query: 'how long should a wedding toast be', response: 'Two to three minutes; most guests stop listening after that.' }],
  sessionId: 'e2e-toast',
};

/** Auxiliary texts that a list must come with; prefix and suffix may be empty, and then are not there. */
const GUIDED = ['guiding_sentence'];
const AUXILIARY = [...GUIDED, 'prefix', 'suffix'];

/** Every task, with as many queries as it makes of itself or as were asked for. */
const ASKED = [
  ['gRPC', 'suggestion', { ...SEARCH, count: 4 }, 4, []],
  ['gRPC', 'clarification', WRITING, 8, GUIDED],
  ['gRPC', 'hint', SEARCH, 1, []],
  ['HTTP', 'suggestion', SEARCH, 3, []],
  ['HTTP', 'clarification', { ...WRITING, count: 5 }, 5, GUIDED],
  ['HTTP', 'hint', { ...SEARCH, count: 2 }, 2, []],
] as const;

const clean = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
const versionsOf = ({ modelVersions }: RecommendAnswer): string[] => modelVersions.map(({ kind, version }) => `${kind} ${version}`);

const SIMULATED_IMPRESSIONS = 200;

describe('the loop: recommend, click, learn, recommend better', { timeout: 2 * PATIENCE_MS }, () => {
  let gqr: Gqr;
  let backends: Record<'gRPC' | 'HTTP', SearchBackend>;

  beforeAll(async () => {
    if (impossible !== undefined) return undefined;
    // A simulated user who waits so long takes what there is by then: how fast the language model is does not matter here.
    gqr = await Gqr.start({ env: { GQR_SIMULATOR_CALL_SECONDS: '2' } });
    backends = { gRPC: overGrpc(gqr.grpc), HTTP: overHttp(gqr.http) };
    return async () => {
      backends.gRPC.close();
      await gqr.remove();
    };
  }, PATIENCE_MS);
  beforeEach(({ skip }) => {
    skip(impossible !== undefined, impossible);
  });

  it.each(ASKED)('over %s the language model writes a list for %s', async (transport, taskId, request, count, guided) => {
    const answer = await backends[transport].recommend({ taskId, ...request });
    const texts = answer.recommendations.map(({ text }) => text);
    expect(texts).toHaveLength(count);
    expect(answer.recommendations.map(({ position }) => position)).toEqual(texts.map((_, index) => index + 1));
    expect(answer.recommendations.map(({ source }) => source)).toEqual(texts.map(() => 'SOURCE_GENERATION'));
    expect(new Set([request.query, ...texts].map(clean)).size).toBe(count + 1);
    expect(texts.filter((text) => text.trim() === '' || /[\n|]|<\|/.test(text))).toEqual([]);
    expect(Object.keys(answer.auxiliaryTexts)).toEqual(expect.arrayContaining([...guided]));
    expect(Object.keys(answer.auxiliaryTexts).filter((name) => guided.length === 0 || !AUXILIARY.includes(name))).toEqual([]);
    expect(Object.values(answer.auxiliaryTexts).filter((text) => text.trim() === '')).toEqual([]);
    expect(answer.modelVersions.map(({ kind }) => kind)).toContain(`policy.${taskId}`);
    expect(answer.impressionId).not.toBe('');
    expect(answer.sessionId).toBe(request.sessionId);
  });

  it.each(['gRPC', 'HTTP'] as const)('a click that comes twice over %s is recorded once', async (transport) => {
    const backend = backends[transport];
    const { impressionId, sessionId } = await backend.recommend({ taskId: 'hint', ...SEARCH });
    const click = { impressionId, sessionId, clicks: [{ position: 1 }] };
    expect(await backend.recordFeedback(click)).toMatchObject({ recorded: 1, duplicates: 0 });
    expect(await backend.recordFeedback(click)).toMatchObject({ recorded: 0, duplicates: 1 });
    const { clicks } = await readLog(gqr.dataDir);
    expect(clicks.filter((logged) => logged.impressionId === impressionId).map(({ position }) => position)).toEqual([1]);
  });

  it('what users asked next in an imported log is recommended from as soon as it is learnt', async () => {
    const file = join(gqr.dataDir, 'yesterday.jsonl');
    const events = writeLogFile(file);
    const ask = (): Promise<RecommendAnswer> => backends.gRPC.recommend({ taskId: 'suggestion', query: PLANTED.query, explain: true });
    expect((await ask()).explanation?.cooccurrence).toEqual([]);

    expect(await gqr.json('events', 'import', file)).toMatchObject({ imported: events, rejected: 0, faults: [] });
    const { run } = await gqr.json<RunDocument>('train', 'cooccurrence');
    expect(run).toMatchObject({ state: 'RUN_STATE_SUCCEEDED', model: { kind: 'cooccurrence' } });

    const answer = await ask();
    expect(versionsOf(answer)).toContain(`cooccurrence ${run.model?.version ?? ''}`);
    expect(answer.explanation?.cooccurrence.map(({ query, count }) => [query, Number(count)])).toEqual(
      PLANTED.next.map(({ query, count }) => [query, count]),
    );
    for (const { query } of PLANTED.next) expect(answer.explanation?.prompt).toContain(query);
  });

  it('simulated users ask and click, and all of it is in the log, labelled as simulated', async () => {
    const asked = ['--impressions', String(SIMULATED_IMPRESSIONS), '--days', '5', '--seed', '7', '--concurrency', '8'];
    const { simulation } = await gqr.json<{ simulation: { state: string; impressions: string } }>('simulate', ...asked);
    expect(simulation).toMatchObject({ state: 'SIMULATION_STATE_SUCCEEDED', impressions: String(SIMULATED_IMPRESSIONS) });
    const { impressions, deadLetters } = await readLog(gqr.dataDir);
    const simulated = impressions.filter(({ traffic }) => traffic === Traffic.SIMULATED);
    expect(simulated.length).toBeGreaterThanOrEqual(SIMULATED_IMPRESSIONS);
    expect(new Set(simulated.map(({ taskId }) => taskId))).toEqual(new Set(['suggestion', 'clarification', 'hint']));
    expect(deadLetters).toBe(0);
  });

  it('a click predictor that is trained on the log scores the next answer', async () => {
    const { run } = await gqr.json<RunDocument>('train', 'ctr', ...TINY_CTR);
    expect(run).toMatchObject({ state: 'RUN_STATE_SUCCEEDED', model: { kind: 'ctr' } });
    expect(['passed', 'forced']).toContain(run.metrics?.['gate']);
    const version = run.model?.version ?? '';

    // The gateway stays away for a moment from a service that was not ready, and a busy machine may take too long for a score.
    let answer: RecommendAnswer | undefined;
    const ask = async (): Promise<string[]> => {
      answer = await backends.gRPC.recommend({ taskId: 'hint', ...SEARCH });
      return versionsOf(answer);
    };
    await expect.poll(ask, { timeout: PATIENCE_MS, interval: 500 }).toContain(`ctr ${version}`);
    expect(answer?.degradation ?? null).toBeNull();
    expect(answer?.recommendations.map(({ clickProbability: p }) => typeof p === 'number' && p > 0 && p < 1)).toEqual([true]);

    await gqr.untilReady(SERVICES);
    const { services } = await gqr.json<StatusDocument>('status');
    expect(services.map(({ name, ready }) => [name, ready])).toEqual(SERVICES.map((name) => [name, true]));
    expect(services.find(({ name }) => name === 'ctr')?.models).toEqual([{ kind: 'ctr', version }]);
  });
});
