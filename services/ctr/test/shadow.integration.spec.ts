import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, metricOf, PATIENCE } from './calls.js';
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
  await models.publish('tiny-base', 'base');
  await models.makeStable('tiny-ctx');
  service = await startService(main, { GQR_REGISTRY: models.folder });
  client = grpcClient(CtrService, service.grpc);
});
afterAll(async () => {
  client.close();
  await service.stop();
  models.remove();
});

describe('a second model', () => {
  it('scores beside the one that serves, and both are compared', async () => {
    expect((await client.getShadow({})).shadow).toBeUndefined();
    expect(await failure(client.startShadow({ version: 'tiny-ctx' }))).toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'MODEL_SERVES',
    });
    expect(await failure(client.startShadow({}))).toMatchObject({ code: status.NOT_FOUND });
    await models.registry.setChannel({ kind: 'ctr', version: 'tiny-base' }, 'candidate');
    expect((await client.startShadow({})).shadow?.model).toMatchObject({ variant: 'base', executionProvider: 'cpu' });
    const serving = await client.predictList(list);
    const compared = async (): Promise<bigint | undefined> => (await client.getShadow({})).shadow?.agreement?.inputs;
    await expect.poll(compared, PATIENCE).toBe(2n);
    const { shadow } = await client.stopShadow({});
    expect(await metricOf(service, 'gqr_ctr_shadow_calls_total{outcome="compared"')).toBe(1);
    expect((await client.getShadow({})).shadow).toBeUndefined();
    // What the shadow must have said, asked of it as the model that serves.
    await client.reloadModel({ version: 'tiny-base' });
    const own = await client.predictList(list);
    await client.reloadModel({});
    const [p = NaN, q = NaN] = serving.clickProbabilities;
    const [p2 = NaN, q2 = NaN] = own.clickProbabilities;
    expect(shadow?.agreement?.serving?.version).toBe('tiny-ctx');
    expect(shadow?.agreement?.meanAbsoluteDifference).toBeCloseTo((Math.abs(p2 - p) + Math.abs(q2 - q)) / 2, 5);
    expect(shadow?.agreement?.meanDifference).toBeCloseTo((p2 - p + q2 - q) / 2, 5);
    expect(shadow?.agreement).toMatchObject({ pairs: 1n, pairwiseAgreement: (p - q) * (p2 - q2) > 0 ? 1 : 0 });
  });
});
