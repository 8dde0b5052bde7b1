import { CallEndedError, OverloadedError } from '@gqr/chassis/errors';
import { unlimited, within } from '@gqr/chassis/grpc/call';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VllmBackend, type VllmOptions } from '../../src/adapters/vllm/vllm-backend.js';
import type { PolicyModel } from '../../src/domain/backend/language-backend.js';
import { BackendFaultError, BackendUnavailableError, UnusablePolicyError } from '../../src/domain/errors.js';
import { languageBackendContract } from '../language-backend.contract.js';
import { FakeVllm, logprobOf, type Mood } from './fake-vllm.js';
import { all, guide, options, order, policy, prompt, query, until, vocabulary, withSession } from './orders.js';

const fakes: FakeVllm[] = [];
const backends: VllmBackend[] = [];

async function start(count = 1): Promise<FakeVllm[]> {
  const started = await Promise.all(Array.from({ length: count }, () => FakeVllm.start()));
  fakes.push(...started);
  return started;
}

async function open(servers: readonly FakeVllm[], changes: Partial<VllmOptions> = {}): Promise<VllmBackend> {
  const backend = await VllmBackend.open(
    options(
      servers.map(({ address }) => address),
      changes,
    ),
  );
  backends.push(backend);
  return backend;
}

const write = (model: PolicyModel, limits = unlimited): Promise<string[]> =>
  withSession(model, (session) => all(session.write({ ...order, lines: [...guide, query, query] })), limits);

beforeEach(() => {
  fakes.length = 0;
  backends.length = 0;
});
afterEach(async () => {
  await Promise.all(backends.map((backend) => backend.close()));
  for (const fake of fakes) fake.stop();
});

languageBackendContract('vLLM over gRPC', async () => {
  const fake = await FakeVllm.start();
  fake.mood = 'slow';
  fake.slowMs = 5;
  return VllmBackend.open(options([fake.address]));
});

describe('a text', () => {
  it('is asked for once, under its grammar, with everything that stands before it as tokens', async () => {
    const [fake] = await start();
    const backend = await open(fake ? [fake] : []);
    const model = await backend.load(policy(undefined));
    const before = fake?.asked.length ?? 0;
    const decoding = { temperature: 0.7, topP: 0.9, minP: 0.05, repetitionPenalty: 1.2, diversity: 0.5 };
    await withSession(model, (session) => all(session.write({ ...order, decoding, given: ['Guide: a'], lines: [query], ends: false })));
    expect(fake?.asked).toHaveLength(before + 1);
    const asked = fake?.asked.at(-1);
    expect(asked?.prompt).toMatchObject({ case: 'tokenIds', value: { ids: vocabulary.encode('riceGuide: a\n') } });
    expect(asked?.temperature).toBeCloseTo(0.7);
    expect(asked?.sampling?.minP).toBeCloseTo(0.05);
    expect(asked?.decoding?.presencePenalty).toBeCloseTo(0.5);
    expect(asked?.decoding?.repetitionPenalty).toBe(0); // it would count the prompt as repeated
    expect(asked?.decoding?.structuredOutput.value).toMatch(/\\n$/);
  });

  it('comes line by line, each as soon as it is whole', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const backend = await open([fake]);
    const model = await backend.load(policy(undefined));
    fake.mood = 'slow';
    await withSession(model, async (session) => {
      const lines = session.write({ ...order, lines: [query, query, query] });
      expect((await lines.next()).done).toBe(false);
      expect(fake.underWay).toBe(1);
      await lines.return(undefined);
    });
    // Whoever has what it wanted frees the server.
    await until(() => fake.cancelled === 1);
  });

  it('has candidates fanned out, drawn at the same time, and scored', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const model = await (await open([fake])).load(policy(undefined));
    const search = { kind: 'sample' } as const;
    const at = { ...order, given: ['Guide: a'], ends: false };
    const candidates = await withSession(model, (session) => session.propose({ ...at, line: query, candidates: 4, search }));
    expect(candidates).toHaveLength(4);
    for (const { text, logProbability } of candidates) {
      const expected = vocabulary.encode(`${text}\n`).reduce((total, id) => total - logprobOf(id), 0);
      expect(logProbability).toBeCloseTo(expected, 3);
    }
  });
});

describe('a server in trouble', () => {
  const outcomes: [Mood, new (...args: never[]) => Error, RegExp][] = [
    ['hung', BackendUnavailableError, /nothing came for 300 ms/],
    ['draining', BackendUnavailableError, /not serving|nothing came/],
    ['out-of-memory', BackendFaultError, /out of memory/],
    ['junk', BackendFaultError, /none of the grammar's/],
    ['half', BackendFaultError, /in the middle of the text/],
    ['aborted', BackendUnavailableError, /gave the text up/],
    ['full', OverloadedError, /vllm is full/],
    ['no-grammar', BackendFaultError, /Grammar error/],
  ];
  it.each(outcomes)('that is %s is told as such, and nothing hangs', async (mood, kind, said) => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    // No round of reconciliation meanwhile: what a request meets is what is told.
    const model = await (await open([fake], { patienceMs: 300, reconcileMs: 60_000 })).load(policy(undefined));
    fake.mood = mood;
    const failed = await write(model).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(kind);
    expect((failed as Error).message).toMatch(said);
    fake.mood = 'well';
    await pause(150); // the circuit
    expect(await write(model)).toHaveLength(3);
  });

  it('that scores too few tokens is told as such', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const model = await (await open([fake], { reconcileMs: 60_000 })).load(policy(undefined));
    fake.mood = 'junk';
    await expect(withSession(model, (session) => session.score(['a', 'b']))).rejects.toThrow(BackendFaultError);
  });

  it('that is gone is told at once, and found again when it is back, with its adapters', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const backend = await open([fake]);
    const model = await backend.load(policy('/policies/v1'));
    fake.stop();
    await expect(write(model)).rejects.toThrow(BackendUnavailableError);
    await until(async () => !(await backend.health()).ready);
    await fake.restart();
    await until(async () => (await backend.health()).ready);
    expect(await write(model)).toHaveLength(3);
    expect([...fake.adapters]).toEqual([['t/v1', '/policies/v1/peft']]);
  });

  it('that lost its adapters gets them back before anybody notices', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const model = await (await open([fake], { reconcileMs: 60_000 })).load(policy('/policies/v1'));
    fake.adapters.clear();
    expect(await write(model)).toHaveLength(3);
    expect(fake.adapters.has('t/v1')).toBe(true);
  });

  it('is left alone for a while after it failed some times in a row', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const model = await (await open([fake], { reconcileMs: 60_000, circuitMs: 60_000 })).load(policy(undefined));
    fake.mood = 'out-of-memory';
    for (let time = 0; time < 3; time++) await expect(write(model)).rejects.toThrow(BackendFaultError);
    const before = fake.asked.length;
    await expect(write(model)).rejects.toThrow(BackendUnavailableError);
    expect(fake.asked).toHaveLength(before);
  });
});

describe('several replicas', () => {
  it('share the load, and stand in for one that is gone or full', async () => {
    const servers = await start(2);
    const [first, second] = servers;
    if (first === undefined || second === undefined) throw new Error('no servers');
    const model = await (await open(servers, { reconcileMs: 60_000 })).load(policy(undefined));
    for (const server of servers) server.mood = 'slow';
    await Promise.all(Array.from({ length: 6 }, () => write(model)));
    expect(Math.min(...servers.map(({ asked }) => asked.length))).toBeGreaterThanOrEqual(3);
    for (const server of servers) server.mood = 'well';
    first.mood = 'full';
    expect(await Promise.all(Array.from({ length: 4 }, () => write(model)))).toHaveLength(4);
    first.stop();
    expect(await Promise.all(Array.from({ length: 4 }, () => write(model)))).toHaveLength(4);
  });

  it('are not asked again for a text of which a part was passed on', async () => {
    const servers = await start(2);
    const model = await (await open(servers, { reconcileMs: 60_000 })).load(policy(undefined));
    const before = servers.reduce((total, { asked }) => total + asked.length, 0);
    for (const server of servers) Object.assign(server, { mood: 'aborted', abortsBehind: 5 });
    await expect(write(model)).rejects.toThrow(BackendUnavailableError);
    expect(servers.reduce((total, { asked }) => total + asked.length, 0)).toBe(before + 1);
  });

  it('stand in for one that gives a text up within its first line, of which nothing was passed on', async () => {
    const servers = await start(2);
    const model = await (await open(servers, { reconcileMs: 60_000 })).load(policy(undefined));
    const [first] = servers;
    if (first === undefined) throw new Error('no servers');
    first.mood = 'aborted';
    expect(await write(model)).toHaveLength(3);
    expect(first.asked.length).toBeGreaterThan(0);
  });

  it('hold every adapter, those that come later too, and lose it when it is unloaded', async () => {
    const servers = await start(2);
    const [first, second] = servers;
    if (first === undefined || second === undefined) throw new Error('no servers');
    second.stop();
    const backend = await open(servers);
    const model = await backend.load(policy('/policies/v1'));
    expect(first.adapters.has('t/v1')).toBe(true);
    await second.restart();
    await until(() => second.adapters.has('t/v1'));
    expect(await backend.listAdapters()).toEqual(['t/v1']);
    await model.unload();
    await until(() => !first.adapters.has('t/v1') && !second.adapters.has('t/v1'));
    expect(await backend.listAdapters()).toEqual([]);
  });
});

describe('a policy', () => {
  it('that was made for another base model is refused with the reason, and is left on no server', async () => {
    const servers = await start(2);
    const backend = await open(servers);
    servers[1]?.misfits.add('/policies/other/peft');
    await expect(backend.load(policy('/policies/other'))).rejects.toThrow(UnusablePolicyError);
    await until(() => servers.every(({ adapters }) => adapters.size === 0));
  });

  it('cannot be loaded where vLLM was started without LoRA', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    fake.supportsLora = false;
    await expect((await open([fake])).load(policy('/policies/v1'))).rejects.toThrow(/without LoRA/);
  });

  it('lies where the servers see it', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    await (await open([fake], { seenByServers: (folder) => `/mnt${folder}` })).load(policy('/policies/v1'));
    expect(fake.adapters.get('t/v1')).toBe('/mnt/policies/v1/peft');
  });
});

describe('a start', () => {
  it('waits for a server to come up', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    fake.stop();
    const opening = open([fake]);
    await pause(100);
    await fake.restart();
    expect((await opening).capabilities.contextTokens).toBe(900);
  });

  it('fails with the reason when none comes in time, or one is too old', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    fake.version = '0.31.0';
    await expect(open([fake])).rejects.toThrow(/0\.31\.0 .* use 0\.33 or newer/);
    fake.stop();
    await expect(open([fake], { startMs: 200 })).rejects.toThrow(/no language model server is ready/);
  });
});

describe('limits', () => {
  it('end a call with the reason that its caller gave, and free the server', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const model = await (await open([fake], { patienceMs: 60_000 })).load(policy(undefined));
    fake.mood = 'hung';
    const late = within(unlimited, 200);
    const failed = await write(model, late).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CallEndedError);
    await until(() => fake.underWay === 0);
    late.release();
  });

  it('let as many work at a time as there are places, and send the rest away', async () => {
    const [fake] = await start();
    if (fake === undefined) throw new Error('no server');
    const model = await (await open([fake], { concurrency: 1, maxWaiting: 0 })).load(policy(undefined));
    const session = await model.lend(prompt, unlimited);
    await expect(model.lend(prompt, unlimited)).rejects.toThrow(OverloadedError);
    session.release();
    (await model.lend(prompt, unlimited)).release();
  });
});
