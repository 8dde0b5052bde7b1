import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { freePort } from '@gqr/chassis/testing/free-port';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { truncated, withInputRenamed, withNaN, withWordsSwapped } from './broken-network.js';
import { failure } from './calls.js';
import { healthOf } from './health.js';
import { tinyPath, TinyRegistry } from './tiny-model.js';

const main = new URL('../src/main.js', import.meta.url);
const network = readFileSync(tinyPath('ctx', 'model.onnx'));
const tokenizer = readFileSync(tinyPath('ctx', 'tokenizer.json'), 'utf8');

const list = {
  taskId: 'suggestion',
  context: { query: 'how to repot a monstera' },
  queries: ['best soil for monstera', 'monstera root rot'],
};

describe('a service without a model', () => {
  const models = new TinyRegistry();
  let grpc: string;
  let starting: Promise<RunningService>;
  let client: GrpcClient<typeof CtrService>;
  beforeAll(async () => {
    grpc = `127.0.0.1:${String(await freePort())}`;
    // Resolves once the service is ready, which it is not to be for now.
    starting = startService(main, { GQR_REGISTRY: models.folder, GQR_GRPC_LISTEN: grpc });
    client = grpcClient(CtrService, grpc);
  });
  afterAll(async () => {
    client.close();
    await starting.then(
      (service) => service.stop(),
      () => undefined,
    );
    models.remove();
  });

  it('is alive, not ready, and says in every answer what is missing', async () => {
    await expect.poll(() => healthOf(grpc, 'liveness'), { timeout: 50_000 }).toBe('SERVING');
    await expect
      .poll(() => failure(client.getModel({})), { timeout: 15_000 })
      .toMatchObject({ message: expect.stringContaining('gqr train ctr') as string });
    expect([await healthOf(grpc, 'readiness'), await healthOf(grpc, '')]).toEqual(['NOT_SERVING', 'NOT_SERVING']);
    for (const call of [client.predictList(list), client.predictNext({ ...list, candidates: ['a'] }), client.getModel({})]) {
      expect(await failure(call)).toMatchObject({ code: status.UNAVAILABLE, reason: 'NO_MODEL' });
    }
    expect(await failure(client.reloadModel({}))).toMatchObject({ code: status.NOT_FOUND, reason: 'MODEL_NOT_FOUND' });
  });

  it('stays so when it is offered one that cannot serve', async () => {
    await models.publish('broken', 'ctx', { 'model.onnx': truncated(network) });
    expect(await failure(client.reloadModel({ version: 'broken' }))).toMatchObject({ code: status.FAILED_PRECONDITION });
    expect(await healthOf(grpc, 'readiness')).toBe('NOT_SERVING');
    expect((await failure(client.predictList(list))).message).toContain('the network cannot be loaded');
  });

  it('becomes ready with the first model that serves', async () => {
    await models.publish('v1');
    await models.makeStable('v1');
    expect((await client.reloadModel({})).model?.model).toMatchObject({ kind: 'ctr', version: 'v1' });
    expect([await healthOf(grpc, 'readiness'), await healthOf(grpc, '')]).toEqual(['SERVING', 'SERVING']);
    expect((await client.predictList(list)).clickProbabilities).toHaveLength(2);
    expect((await starting).process.exitCode).toBeNull();
  });
});

describe('models that are offered under load', () => {
  const models = new TinyRegistry();
  /** What each version says of `list`. */
  const says = new Map<string, readonly number[]>();
  let service: RunningService;
  let client: GrpcClient<typeof CtrService>;
  let offered = true;
  let callers: Promise<unknown>[] = [];
  /** Versions by which calls were answered since the test began. */
  const answeredBy: string[] = [];

  /** Calls until the test ends, and holds every answer against what its version says. */
  async function call(): Promise<void> {
    while (offered) {
      const { clickProbabilities, model } = await client.predictList(list);
      const [first] = list.queries;
      const next = await client.predictNext({ ...list, candidates: [first ?? '', 'monstera'] });
      for (const [version, said] of [
        [model?.version ?? '', clickProbabilities],
        [next.model?.version ?? '', next.clickProbabilities.slice(0, 1)],
      ] as const) {
        answeredBy.push(version);
        said.forEach((p, k) => {
          expect(p).toBeCloseTo(says.get(version)?.[k] ?? NaN, 6);
        });
      }
    }
  }

  /** Begins the load, and waits until it is answered. */
  async function load(): Promise<void> {
    offered = true;
    answeredBy.length = 0;
    callers = Array.from({ length: 8 }, call);
    await expect.poll(() => answeredBy.length, { timeout: 15_000 }).toBeGreaterThan(16);
  }

  /** Ends the load. Fails if a single call failed, or was answered with other numbers than its model's. */
  async function endLoad(): Promise<void> {
    const before = answeredBy.length;
    await expect.poll(() => answeredBy.length, { timeout: 15_000 }).toBeGreaterThan(before + 16);
    offered = false;
    await Promise.all(callers);
  }

  beforeAll(async () => {
    await models.publish('v1', 'ctx');
    await models.publish('v2', 'pid');
    await models.makeStable('v1');
    service = await startService(main, { GQR_REGISTRY: models.folder, GQR_CTR_SESSIONS: '2' });
    client = grpcClient(CtrService, service.grpc);
    for (const version of ['v2', 'v1']) {
      await client.reloadModel({ version });
      says.set(version, (await client.predictList(list)).clickProbabilities);
    }
  });
  afterEach(() => {
    offered = false;
  });
  afterAll(async () => {
    client.close();
    await service.stop();
    models.remove();
  });

  const broken: [string, Record<string, Buffer | string>, string, RegExp][] = [
    ['truncated', { 'model.onnx': truncated(network) }, 'MODEL_DAMAGED', /cannot be loaded/],
    ['no-network', { 'model.onnx': 'this is no network' }, 'MODEL_DAMAGED', /cannot be loaded/],
    ['other-inputs', { 'model.onnx': withInputRenamed(network, 'task_ids', 'task_idz') }, 'MODEL_DAMAGED', /its inputs are .*task_idz/],
    [
      'wrong-vocabulary',
      { 'tokenizer.json': withWordsSwapped(tokenizer, 'monstera', 'best') },
      'SELF_TEST_FAILED',
      /inputIds of golden row 0 differs/,
    ],
    ['wrong-network', { 'model.onnx': readFileSync(tinyPath('base', 'model.onnx')) }, 'SELF_TEST_FAILED', /golden row \d+ is 0\.\d+ here/],
    ['nan', { 'model.onnx': withNaN(network, 'model.head.3.bias', 1) }, 'SELF_TEST_FAILED', /golden row 0 is NaN here/],
    ['nan-for-unknown-tasks', { 'model.onnx': withNaN(network, 'model.task.weight', 8) }, 'SELF_TEST_FAILED', /is NaN/],
  ];

  it.each(broken)(
    'one that cannot serve is refused (%s), the old one goes on, and no call fails',
    async (version, files, reason, message) => {
      await models.publish(version, 'ctx', files);
      await load();
      const error = await failure(client.reloadModel({ version }));
      expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason });
      expect(error.message).toMatch(message);
      await endLoad();
      expect(new Set(answeredBy)).toEqual(new Set(['v1']));
      expect((await client.getModel({})).model?.version).toBe('v1');
    },
  );

  it('one whose files changed after it was published is refused, the old one goes on, and no call fails', async () => {
    await models.publish('corrupt');
    const bytes = readFileSync(models.path('corrupt', 'model.onnx'));
    bytes.writeUInt8(bytes.readUInt8(60_000) ^ 1, 60_000);
    writeFileSync(models.path('corrupt', 'model.onnx'), bytes);
    await load();
    const error = await failure(client.reloadModel({ version: 'corrupt' }));
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'MODEL_DAMAGED' });
    expect(error.message).toMatch(/sha256/);
    await endLoad();
    expect(new Set(answeredBy)).toEqual(new Set(['v1']));
  });

  it('one that is half-written, or not there at all, does not exist', async () => {
    mkdirSync(models.path('half', '.'));
    writeFileSync(models.path('half', 'model.onnx'), truncated(network));
    for (const version of ['half', 'absent']) {
      expect(await failure(client.reloadModel({ version }))).toMatchObject({ code: status.NOT_FOUND, reason: 'MODEL_NOT_FOUND' });
    }
    expect((await client.getModel({})).model?.version).toBe('v1');
  });

  it('sound ones are swapped back and forth, and every call is answered by the one or the other', async () => {
    await load();
    for (const version of ['v2', 'v1', 'v2', 'v1', 'v2']) {
      expect((await client.reloadModel({ version })).model?.model?.version).toBe(version);
    }
    expect((await client.getModel({})).variant).toBe('pid');
    await endLoad();
    expect(new Set(answeredBy)).toEqual(new Set(['v1', 'v2']));
    expect(answeredBy.at(-1)).toBe('v2');
  });

  it('several at once are loaded in turn, and the last one serves', async () => {
    await load();
    const loaded = await Promise.allSettled(['v1', 'nan', 'v2', 'truncated', 'v1'].map((version) => client.reloadModel({ version })));
    expect(loaded.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
    await endLoad();
    expect((await client.getModel({})).model?.version).toBe('v1');
  });

  it('are counted and logged by their outcome', async () => {
    const text = await (await fetch(`http://${service.http}/metrics`)).text();
    const loads = (outcome: string): number =>
      Number(new RegExp(`^gqr_ctr_model_loads_total\\{outcome="${outcome}".*\\} (\\d+)$`, 'm').exec(text)?.[1]);
    expect(loads('refused')).toBeGreaterThanOrEqual(broken.length);
    expect(loads('serving')).toBeGreaterThanOrEqual(5);
    expect(service.output()).toContain('"refusal":"SELF_TEST_FAILED"');
  });
});

describe('a service that is stopped or killed', () => {
  const models = new TinyRegistry();
  const services: RunningService[] = [];
  const start = async (): Promise<{ service: RunningService; client: GrpcClient<typeof CtrService> }> => {
    const service = await startService(main, { GQR_REGISTRY: models.folder });
    services.push(service);
    return { service, client: grpcClient(CtrService, service.grpc) };
  };
  beforeAll(async () => {
    await models.publish('v1', 'ctx');
    await models.publish('v2', 'base');
    await models.makeStable('v1');
    await models.makeStable('v2');
  });
  afterAll(async () => {
    for (const service of services) {
      const isRunning = service.process.exitCode === null && service.process.signalCode === null;
      if (isRunning) await service.stop('SIGKILL');
    }
    models.remove();
  });

  it('comes back with the stable model after kill -9 in the midst of calls and a swap', async () => {
    const { service, client } = await start();
    const under = [client.predictList(list), client.reloadModel({ version: 'v1' }), client.predictList(list)].map((call) =>
      call.catch(() => 0),
    );
    await sleep(20);
    await service.stop('SIGKILL');
    await Promise.all(under);
    client.close();
    const again = await start();
    expect((await again.client.getModel({})).model?.version).toBe('v2');
    expect((await again.client.predictList(list)).clickProbabilities).toHaveLength(2);
    again.client.close();
    await again.service.stop();
  });

  it('serves the stable model before when the stable one is damaged', async () => {
    appendFileSync(models.path('v2', 'model.onnx'), 'x');
    const { service, client } = await start();
    expect((await client.getModel({})).model?.version).toBe('v1');
    expect(service.output()).toContain('model.onnx of ctr v2 is damaged');
    client.close();
    await service.stop();
  });

  it('finishes the calls under way when it is told to stop, and ends with 0', async () => {
    const { service, client } = await start();
    const requests = Array.from({ length: 20 }, () => ({ ...list, queries: Array.from({ length: 100 }, (_, n) => `query ${String(n)}`) }));
    const underWay = client.batchPredictList({ requests });
    const waits = async (): Promise<string> => (await fetch(`http://${service.http}/metrics`)).text();
    await expect.poll(waits, { timeout: 15_000 }).toMatch(/^gqr_ctr_queue_inputs\{.*\} [1-9]/m);
    const stopped = service.stop('SIGTERM');
    expect((await underWay).responses).toHaveLength(20);
    await stopped;
    client.close();
    expect([service.process.exitCode, service.process.signalCode]).toEqual([0, null]);
  });
});
