import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drain, failure, metricOf, numbers, PATIENCE, TOLERANCE } from './calls.js';
import { TinyRegistry } from './tiny-model.js';

const main = new URL('../src/main.js', import.meta.url);
const list = {
  taskId: 'suggestion',
  context: { query: 'how to repot a monstera' },
  queries: ['best soil for monstera', 'monstera root rot'],
};

const models = new TinyRegistry();
let service: RunningService;
let client: GrpcClient<typeof CtrService>;
beforeAll(async () => {
  await models.publish('tiny-ctx', 'ctx');
  await models.makeStable('tiny-ctx');
  service = await startService(main, { GQR_REGISTRY: models.folder });
  client = grpcClient(CtrService, service.grpc);
});
afterAll(async () => {
  client.close();
  await service.stop();
  models.remove();
});

describe('StreamPredictList', () => {
  it('scores any number of lists, in their order, while other callers are served', async () => {
    const lists = Array.from({ length: 300 }, (_, n) => ({ ...list, queries: numbers(1 + (n % 40), `thing ${String(n % 7)}`) }));
    const stream = client.streamPredictList({ requests: lists });
    const answers: { index: number; click: readonly number[]; version: string | undefined }[] = [];
    for await (const { index, response } of stream) {
      if (index === 0) expect((await client.predictList(list)).clickProbabilities).toHaveLength(2);
      answers.push({ index, click: response?.clickProbabilities ?? [], version: response?.model?.version });
    }
    expect(answers.map(({ index }) => index)).toEqual(lists.map((_, n) => n));
    expect(answers.map(({ click }) => click.length)).toEqual(lists.map(({ queries }) => queries.length));
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set(['tiny-ctx']));
    const alone = await client.predictList(lists[299] ?? {});
    answers[299]?.click.forEach((p, k) => {
      expect(Math.abs(p - (alone.clickProbabilities[k] ?? NaN))).toBeLessThanOrEqual(TOLERANCE);
    });
  });

  it('has nothing left in the queue when its caller leaves', async () => {
    const requests = Array.from({ length: 3_000 }, () => ({ ...list, queries: numbers(100) }));
    for await (const { index } of client.streamPredictList({ requests })) if (index >= 1) break;
    await expect.poll(() => metricOf(service, 'gqr_ctr_queue_inputs'), PATIENCE).toBe(0);
    const lately = await metricOf(service, 'gqr_ctr_batch_inputs_count');
    await client.predictList(list);
    await expect.poll(() => metricOf(service, 'gqr_ctr_batch_inputs_count'), PATIENCE).toBe(lately + 1);
  });

  it('is refused for a fault in any of its lists, before one is scored', async () => {
    const requests = [...Array.from({ length: 1_500 }, () => list), { ...list, queries: ['a', ''] }];
    const error = await failure(drain(client.streamPredictList({ requests })));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(error.violations.map(({ field }) => field)).toEqual(['requests[1500].queries[1]']);
    const empty = await failure(drain(client.streamPredictList({})));
    expect(empty.violations.map(({ field }) => field)).toEqual(['requests']);
  });
});
