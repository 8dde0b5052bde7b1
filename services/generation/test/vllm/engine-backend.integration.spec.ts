import { CallEndedError, OverloadedError } from '@gqr/chassis/errors';
import { unlimited, within } from '@gqr/chassis/grpc/call';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineTextServer } from '../../src/adapters/vllm/engine-text-server.js';
import { TokenJoiner } from '../../src/adapters/vllm/token-joiner.js';
import { VllmBackend } from '../../src/adapters/vllm/vllm-backend.js';
import type { PolicyModel } from '../../src/domain/backend/language-backend.js';
import { BackendFaultError, BackendUnavailableError, UnusablePolicyError } from '../../src/domain/errors.js';
import { languageBackendContract } from '../language-backend.contract.js';
import { FakeEngine } from './fake-engine.js';
import { logprobOf } from './fake-vllm.js';
import { all, guide, options, order, policy, prompt, query, until, vocabulary, withSession } from './orders.js';

const connect = (address: string): EngineTextServer => new EngineTextServer(address, vocabulary);

languageBackendContract("vLLM's engine", async () => {
  const engine = await FakeEngine.start();
  engine.mood = 'slow';
  return VllmBackend.open(options([engine.address], { connect }));
});

describe("over the gRPC of vLLM's engine", () => {
  let engine: Awaited<ReturnType<typeof FakeEngine.start>>;
  let backend: VllmBackend;
  let model: PolicyModel;
  beforeEach(async () => {
    engine = await FakeEngine.start();
    backend = await VllmBackend.open(options([engine.address], { connect, patienceMs: 500, reconcileMs: 60_000 }));
    model = await backend.load(policy(undefined));
  });
  afterEach(async () => {
    await backend.close();
    engine.stop();
  });
  const list = (limits = unlimited): Promise<string[]> =>
    withSession(model, (session) => all(session.write({ ...order, lines: [...guide, query, query] })), limits);

  it('asks by tokens and under a grammar, each time by another id, and reads the lines out of tokens', async () => {
    expect(backend.capabilities.contextTokens).toBe(512);
    const lines = await list();
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => /^[a-z]+ [a-z]+$/.test(line))).toBe(true);
    await list();
    const [last, before] = [engine.asked.at(-1), engine.asked.at(-2)];
    expect(last?.input).toMatchObject({ case: 'tokenized', value: { inputIds: prompt.tokens } });
    expect(last?.samplingParams?.constraint).toMatchObject({ case: 'regex' });
    expect(last?.stream).toBe(true);
    expect(last?.requestId).not.toBe(before?.requestId);
  });

  it('scores what it did not write', async () => {
    const [score] = await withSession(model, (session) => session.score(['ab']));
    expect(score?.logProbability).toBeCloseTo(-vocabulary.encode('ab\0').reduce((total, id) => total + logprobOf(id), 0), 5);
    engine.mood = 'junk';
    await expect(withSession(model, (session) => session.score(['ab']))).rejects.toThrow(BackendFaultError);
  });

  it('has no adapters: a policy cannot serve there, the base model can', async () => {
    await expect(backend.load({ ...policy('/policies/v1'), version: 'v2' })).rejects.toThrow(UnusablePolicyError);
    expect(await backend.listAdapters()).toEqual([]);
    expect(await list()).toHaveLength(3);
  });

  it.each([
    ['hung', BackendUnavailableError],
    ['half', BackendFaultError],
    ['junk', BackendFaultError],
    ['failing', BackendFaultError],
    ['aborted', BackendUnavailableError],
    ['full', OverloadedError],
  ] as const)('tells that a server is %s', async (mood, kind) => {
    engine.mood = mood;
    await expect(list()).rejects.toThrow(kind);
  });

  it('tells that a server drains, and that one serves no model that writes', async () => {
    engine.mood = 'draining';
    expect(await backend.health()).toMatchObject({ ready: false });
    engine.mood = 'well';
    engine.isGeneration = false;
    expect(await backend.health()).toMatchObject({ ready: false, reason: expect.stringContaining('does not write') as string });
  });

  it('ends the request when its caller leaves', async () => {
    engine.mood = 'hung';
    const late = within(unlimited, 100);
    await expect(list(late)).rejects.toThrow(CallEndedError);
    await until(() => engine.cancelled === 1);
    late.release();
  });
});

describe('tokens without words', () => {
  // "é" is two tokens, each of which decodes to nothing of sense by itself.
  const bytes = {
    decode: (tokens: readonly number[]): string => Buffer.from(tokens.filter((token) => token < 256)).toString(),
    isMarker: (token: number): boolean => token === 999,
  };
  const tokensOf = (text: string): number[] => [...Buffer.from(text)];

  it('become lines, however they are cut, and markers become nothing', () => {
    const joiner = new TokenJoiner(bytes);
    const [first, second, ...rest] = tokensOf('thé\nca');
    expect(joiner.join([first ?? 0, second ?? 0])).toBeUndefined();
    expect(joiner.join(rest.slice(0, 1))).toBeUndefined();
    expect(joiner.join(rest.slice(1))).toEqual({ text: 'thé\n', tokens: 5 });
    expect(joiner.join([...tokensOf('fé'), 999])).toBeUndefined();
    expect(joiner.end('whole')).toEqual({ text: 'café', tokens: 6, end: 'whole' });
  });
});
