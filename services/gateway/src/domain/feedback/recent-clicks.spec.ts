import { expect, it } from 'vitest';
import { RecentClicks } from './recent-clicks.js';

const durable = async (): Promise<void> => undefined;

it('counts a click that comes again as a duplicate', async () => {
  const clicks = new RecentClicks(10);
  expect(await clicks.recordOnce(['a#1', 'a#2'], durable)).toEqual({ recorded: 2, duplicates: 0 });
  expect(await clicks.recordOnce(['a#2', 'a#3'], durable)).toEqual({ recorded: 1, duplicates: 1 });
});

it('counts a click that comes twice in one call once', async () => {
  expect(await new RecentClicks(10).recordOnce(['a#1', 'a#1'], durable)).toEqual({ recorded: 1, duplicates: 1 });
});

it('has only what is new written', async () => {
  const clicks = new RecentClicks(10);
  const written: string[][] = [];
  const write = async (fresh: ReadonlySet<string>): Promise<void> => void written.push([...fresh]);
  await clicks.recordOnce(['a#1'], write);
  await clicks.recordOnce(['a#1', 'a#2'], write);
  await clicks.recordOnce(['a#1'], write);
  expect(written).toEqual([['a#1'], ['a#2']]);
});

it('acknowledges a click that another call is recording only when that is durable', async () => {
  const clicks = new RecentClicks(10);
  const disk = Promise.withResolvers<undefined>();
  const first = clicks.recordOnce(['a#1'], () => disk.promise);
  let acknowledged = false;
  const second = clicks.recordOnce(['a#1'], durable).then((counts) => {
    acknowledged = true;
    return counts;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(acknowledged).toBe(false);
  disk.resolve(undefined);
  expect([await first, await second]).toEqual([
    { recorded: 1, duplicates: 0 },
    { recorded: 0, duplicates: 1 },
  ]);
});

it('fails both calls when the click that they share could not be recorded, and takes it when it comes again', async () => {
  const clicks = new RecentClicks(10);
  const disk = Promise.withResolvers<undefined>();
  const both = Promise.allSettled([clicks.recordOnce(['a#1'], () => disk.promise), clicks.recordOnce(['a#1'], durable)]);
  disk.reject(new Error('disk full'));
  expect((await both).map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
  expect(await clicks.recordOnce(['a#1'], durable)).toEqual({ recorded: 1, duplicates: 0 });
});

it('forgets the clicks that it has not seen for longest', async () => {
  const clicks = new RecentClicks(2);
  await clicks.recordOnce(['a#1'], durable);
  await clicks.recordOnce(['a#2'], durable);
  await clicks.recordOnce(['a#1'], durable);
  await clicks.recordOnce(['a#3'], durable);
  expect(await clicks.recordOnce(['a#1'], durable)).toEqual({ recorded: 0, duplicates: 1 });
  expect(await clicks.recordOnce(['a#2'], durable)).toEqual({ recorded: 1, duplicates: 0 });
});
