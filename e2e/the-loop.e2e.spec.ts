import { join } from 'node:path';
import { Traffic } from '@gqr/protos/gqr/events/v1/events';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gqr, impossible, PATIENCE_MS, SERVICES } from './support/gqr.js';
import { PLANTED, writeLogFile } from './support/log-file.js';
import { readLog } from './support/read-log.js';
import { type RunDocument, type StatusDocument, TINY_CTR } from './support/runs.js';
import { overGrpc, overHttp, type RecommendAnswer, type RecommendRequest, type SearchBackend } from './support/search-backend.js';

// Rare subjects: no log that ships with the project knows what is asked next about them, so that every query is the language model's own.
const SEARCH: Omit<RecommendRequest, 'taskId'> = {
  query: 'why did my raku pot crack when i took it out of the kiln',
  response:
    'Raku pots are taken out glowing, and a clay body that is too fine or walls that are uneven cannot stand the shock. Use a clay with plenty ' +
    'of grog, keep the walls even, and let the first heat out slowly.',
  history: [
    {
      query: 'what is raku firing',
      response: 'A way of firing in which the glowing pot is lifted out of the kiln and put into sawdust, whose smoke colours the glaze.',
    },
    { query: 'which clay do i need for it', response: 'A coarse stoneware with 20 to 30 percent grog.' },
    {
      query: 'can i do it in my garden',
      response: 'Yes, with a small gas kiln, far from anything that burns, and a lid for the sawdust bin.',
    },
  ],
  sessionId: 'e2e-raku',
};

const WRITING: Omit<RecommendRequest, 'taskId'> = {
  query: 'write a short speech for the launch of our narrowboat',
  response: 'Friends, she has no engine to speak of and no paint that matches. But she floats, and she is ours. Three cheers for Marigold!',
  history: [{ query: 'how long should a launch speech be', response: 'Two minutes; everybody is waiting for the bottle.' }],
  sessionId: 'e2e-narrowboat',
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

  it('what users asked next in an imported log is given to the language model, and shown, as soon as it is learnt', async () => {
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
    const planted = PLANTED.next.map(({ query }): string => query);
    expect(planted.filter((query) => answer.explanation?.prompt.includes(query) !== true)).toEqual([]);
    expect(answer.recommendations.filter(({ text }) => planted.includes(text))).not.toEqual([]);
  });

  it('simulated users ask and click, and all of it is in the log, labelled as simulated', async () => {
    const asked = ['--impressions', String(SIMULATED_IMPRESSIONS), '--days', '5', '--seed', '7', '--concurrency', '8'];
    const { simulation } = await gqr.json<{ simulation: { state: string; impressions: string } }>('simulate', ...asked);
    expect(simulation).toMatchObject({ state: 'SIMULATION_STATE_SUCCEEDED', impressions: String(SIMULATED_IMPRESSIONS) });
    const { impressions, deadLetters } = await readLog(gqr.dataDir);
    const simulated = impressions.filter(({ traffic }) => traffic === Traffic.SIMULATED);
    expect(simulated.length).toBeGreaterThanOrEqual(SIMULATED_IMPRESSIONS);
    // A writing request has no list without the language model, which may be too slow for them; the other two tasks have what others asked.
    expect([...new Set(simulated.map(({ taskId }) => taskId))]).toEqual(expect.arrayContaining(['hint', 'suggestion']));
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
