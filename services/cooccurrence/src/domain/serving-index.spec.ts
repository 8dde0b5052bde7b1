import { expect, it } from 'vitest';
import { FakeQueryIndex } from '../../test/fake-query-index.js';
import { ServingIndex } from './serving-index.js';

const index = (version: string): FakeQueryIndex => new FakeQueryIndex({ version, next: {}, popular: {} });

it('knows nothing before the first snapshot', async () => {
  const serving = new ServingIndex();
  expect(serving.info.version).toBe('none');
  expect(await serving.use((empty) => empty.nextQueries('a', 8))).toEqual([]);
});

it('lets calls under way finish on the snapshot that they began with, then closes it', async () => {
  const serving = new ServingIndex();
  const [old, next] = [index('old'), index('new')];
  await serving.swap(old);
  const hold = Promise.withResolvers<undefined>();
  const underWay = serving.use(async (used) => {
    await hold.promise;
    return used.info.version;
  });
  await serving.swap(next);
  expect(await serving.use(async (used) => used.info.version)).toBe('new');
  expect(old.closed).toBe(false);
  hold.resolve(undefined);
  expect(await underWay).toBe('old');
  expect(old.closed).toBe(true);
  expect(next.closed).toBe(false);
});

it('closes a snapshot that nobody uses at once, and one whose last call failed', async () => {
  const serving = new ServingIndex();
  const [first, second] = [index('first'), index('second')];
  await serving.swap(first);
  const failing = Promise.withResolvers<undefined>();
  const call = serving.use(() => failing.promise);
  await serving.swap(second);
  failing.reject(new Error('gone'));
  await expect(call).rejects.toThrow('gone');
  expect(first.closed).toBe(true);
  await serving.swap(index('third'));
  expect(second.closed).toBe(true);
});
