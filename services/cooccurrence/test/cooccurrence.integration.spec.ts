import { appendFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT_AT, writeSnapshot } from './snapshot-file.js';

const folder = mkdtempSync(join(tmpdir(), 'gqr-cooccurrence-'));
const registry = new DirectoryRegistry(join(folder, 'registry'));
const main = new URL('../src/main.js', import.meta.url);

/** Publishes a snapshot in which "reset router" is followed by `next` alone. */
async function publish(version: string, next: string): Promise<void> {
  const files = join(folder, version);
  mkdirSync(files);
  writeSnapshot(join(files, 'snapshot.sqlite'), { version, next: { 'reset router': { [next]: 4 } }, popular: { weather: 7 } });
  const model = { kind: 'cooccurrence', version, metrics: {}, config: {}, dataWindow: null, parents: [], codeVersion: 'test' };
  await registry.publish({ ...model, traffic: 'none' }, files);
}

describe('the co-occurrence service', () => {
  let service: RunningService;
  let client: GrpcClient<typeof CooccurrenceService>;
  beforeAll(async () => {
    service = await startService(main, { GQR_REGISTRY: join(folder, 'registry') });
    client = grpcClient(CooccurrenceService, service.grpc);
  });
  afterAll(async () => {
    client.close();
    await service.stop();
  });
  const texts = async (): Promise<string[]> =>
    (await client.retrieve({ query: 'Reset router?', neighbours: 5 })).nextQueries.map(({ text }) => text);

  it('is ready on a fresh system and answers with nothing, from snapshot "none"', async () => {
    expect(await client.retrieve({ query: 'reset router' })).toMatchObject({
      nextQueries: [],
      snapshot: { kind: 'cooccurrence', version: 'none' },
    });
    expect((await client.listPopular({})).queries).toEqual([]);
    await expect(client.loadSnapshot({})).rejects.toMatchObject({ code: status.NOT_FOUND, reason: 'SNAPSHOT_NOT_FOUND' });
  });

  it('serves the stable snapshot once it is told to load it', async () => {
    await publish('v1', 'router default password');
    await registry.setChannel({ kind: 'cooccurrence', version: 'v1' }, 'stable');
    const loaded = await client.loadSnapshot({});
    expect(loaded.snapshot).toMatchObject({ snapshot: { version: 'v1' }, queries: 1n, pairs: 1n });
    expect(loaded.snapshot?.builtAt && timestampDate(loaded.snapshot.builtAt)).toEqual(BUILT_AT);
    expect(await client.retrieve({ query: ' RESET router!' })).toMatchObject({
      nextQueries: [{ text: 'router default password', count: 4n, transitionProbability: 1, viaQuery: '', similarity: 1, score: 1 }],
      snapshot: { version: 'v1' },
    });
    expect((await client.listPopular({ limit: 1 })).queries).toMatchObject([{ text: 'weather', count: 7n }]);
  });

  it('refuses a damaged snapshot and goes on serving the old one', async () => {
    await publish('v2', 'never seen');
    appendFileSync(join(folder, 'registry', 'cooccurrence', 'v2', 'snapshot.sqlite'), 'x');
    await expect(client.loadSnapshot({ version: 'v2' })).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
      reason: 'SNAPSHOT_UNUSABLE',
    });
    expect(await texts()).toEqual(['router default password']);
    expect((await client.getSnapshot({})).snapshot?.version).toBe('v1');
  });

  it('swaps under load without a failed call', async () => {
    await publish('v3', 'router lights meaning');
    let loading = true;
    const seen = new Set<string>();
    const callers = Array.from({ length: 8 }, async () => {
      while (loading) (await texts()).forEach((text) => seen.add(text));
    });
    for (const version of ['v3', 'v1', 'v3', 'v1', 'v3']) await client.loadSnapshot({ version });
    await expect.poll(texts).toEqual(['router lights meaning']);
    loading = false;
    await Promise.all(callers);
    expect([...seen].sort()).toEqual(['router default password', 'router lights meaning']);
  });

  it('names every fault of a bad request', async () => {
    const error: unknown = await client.retrieve({ query: ' ', limit: 101 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT, violations: [{ field: 'query' }, { field: 'limit' }] });
    await expect(client.retrieve({ query: '🍅'.repeat(2_001) })).rejects.toMatchObject({ violations: [{ field: 'query' }] });
    expect((await client.retrieve({ query: '🍅'.repeat(2_000) })).nextQueries).toEqual([]);
    await expect(client.listPopular({ limit: 101 })).rejects.toMatchObject({ violations: [{ field: 'limit' }] });
  });

  it('finds its snapshot again after it was killed', async () => {
    await service.stop('SIGKILL');
    const again = await startService(main, { GQR_REGISTRY: join(folder, 'registry') });
    const other = grpcClient(CooccurrenceService, again.grpc);
    const { snapshot } = await other.getSnapshot({});
    other.close();
    await again.stop();
    expect(snapshot?.version).toBe('v1');
  });
});
