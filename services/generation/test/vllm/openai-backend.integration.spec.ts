import { CallEndedError, OverloadedError } from '@gqr/chassis/errors';
import { unlimited, within } from '@gqr/chassis/grpc/call';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OpenAiTextServer } from '../../src/adapters/vllm/openai-text-server.js';
import { VllmBackend } from '../../src/adapters/vllm/vllm-backend.js';
import type { PolicyModel } from '../../src/domain/backend/language-backend.js';
import { BackendFaultError, BackendUnavailableError, UnusablePolicyError } from '../../src/domain/errors.js';
import { FakeOpenAi } from './fake-openai.js';
import { logprobOf } from './fake-vllm.js';
import { all, options, order, policy, prompt, query, until, vocabulary, withSession } from './orders.js';

describe('over OpenAI-compatible HTTP', () => {
  let http: FakeOpenAi;
  let backend: VllmBackend;
  let model: PolicyModel;
  beforeEach(async () => {
    http = await FakeOpenAi.start();
    const connect = (address: string): OpenAiTextServer => new OpenAiTextServer(address, 'secret');
    backend = await VllmBackend.open(options([http.address], { connect, patienceMs: 500, reconcileMs: 60_000 }));
    model = await backend.load(policy('/policies/v1'));
  });
  afterEach(async () => {
    await backend.close();
    http.stop();
  });
  const line = (limits = unlimited): Promise<string[]> =>
    withSession(model, (session) => all(session.write({ ...order, lines: [query] })), limits);

  it('writes under a grammar with an adapter, scores, and shows its key', async () => {
    expect(backend.capabilities.contextTokens).toBe(512);
    expect(await line()).toEqual(['one fig']);
    expect(http.asked.at(-1)).toMatchObject({ model: 't/v1', prompt: prompt.tokens });
    expect(http.asked.at(-1)?.structured_outputs?.regex).not.toBe('');
    expect(new Set(http.keys)).toEqual(new Set(['Bearer secret']));
    const [score] = await withSession(model, (session) => session.score(['ab']));
    expect(score?.logProbability).toBeCloseTo(-vocabulary.encode('ab\0').reduce((total, id) => total + logprobOf(id), 0), 5);
    expect(await backend.listAdapters()).toEqual(['t/v1']);
  });

  it.each([
    ['hung', BackendUnavailableError],
    ['half', BackendFaultError],
    ['junk', BackendFaultError],
    ['failing', BackendFaultError],
    ['full', OverloadedError],
  ] as const)('tells that a server is %s', async (mood, kind) => {
    http.mood = mood;
    await expect(line()).rejects.toThrow(kind);
  });

  it('gives an adapter back that was lost, refuses one that is none, and tells that a server is gone', async () => {
    http.adapters.clear();
    expect(await line()).toEqual(['one fig']);
    await expect(backend.load({ ...policy('/nowhere'), version: 'v2' })).rejects.toThrow(UnusablePolicyError);
    http.stop();
    await expect(line()).rejects.toThrow(BackendUnavailableError);
  });

  it('leaves the connection when its caller leaves', async () => {
    http.mood = 'hung';
    const late = within(unlimited, 100);
    await expect(line(late)).rejects.toThrow(CallEndedError);
    await until(() => http.left === 1);
    late.release();
  });
});
