import { beforeEach, describe, expect, it } from 'vitest';
import { FakeModelStore, FakeServing, fakeWork, type FakeWork } from '../../../test/fakes.js';
import { Promotion } from '../models/promotion.js';
import { CooccurrenceRun, type SnapshotWriter, type WrittenSnapshot } from './cooccurrence-run.js';
import type { CountingRules, NextQueryCounts, NextQueryData } from './next-query-data.js';
import type { CooccurrenceOptions } from './options.js';

const LAST = Date.UTC(2026, 10, 20);
const options: CooccurrenceOptions = { days: 90, traffic: 'all', minCount: 2, hubShare: 0.05, hubMinimum: 20, maxNext: 100 };

const counts: NextQueryCounts = {
  totals: { sessions: 40, asked: { live: 10, simulated: 90 }, hubs: 1, rarePairs: 7 },
  popular: [{ text: 'weather', count: 9 }],
  queries: async function* () {
    yield* [];
  },
};

class FakeNextQueryData implements NextQueryData {
  last: number | undefined = LAST;
  readonly asked: CountingRules[] = [];

  lastQueryAt(): Promise<number | undefined> {
    return Promise.resolve(this.last);
  }

  count<T>(rules: CountingRules, _signal: AbortSignal, work: (counts: NextQueryCounts) => Promise<T>): Promise<T> {
    this.asked.push(rules);
    return work(counts);
  }
}

class FakeSnapshotWriter implements SnapshotWriter {
  written: WrittenSnapshot = { queries: 12, pairs: 30 };
  readonly paths: string[] = [];

  write(path: string): Promise<WrittenSnapshot> {
    this.paths.push(path);
    return Promise.resolve(this.written);
  }
}

describe('a co-occurrence run', () => {
  let data: FakeNextQueryData;
  let writer: FakeSnapshotWriter;
  let models: FakeModelStore;
  let run: CooccurrenceRun;
  let work: FakeWork;
  beforeEach(() => {
    data = new FakeNextQueryData();
    writer = new FakeSnapshotWriter();
    models = new FakeModelStore();
    run = new CooccurrenceRun({ flush: () => Promise.resolve() }, data, writer, models, new Promotion(models, new FakeServing()));
    work = fakeWork();
  });

  it('counts the window before the last query, writes a snapshot and has it serve', async () => {
    await run.execute(options, work);
    expect(data.asked).toMatchObject([{ window: { end: LAST }, minCount: 2, maxPopular: 100 }]);
    expect(writer.paths).toEqual(['/runs/r/snapshot/snapshot.sqlite']);
    expect(models.published).toMatchObject([{ kind: 'cooccurrence', version: work.version, traffic: 'mixed', config: { days: 90 } }]);
    expect(work.metrics).toEqual({ queries: 12, pairs: 30, sessions: 40, asked: 100, hubs: 1, rarePairs: 7, popular: 1 });
    expect(await models.stable('cooccurrence')).toBe(work.version);
  });

  it('puts no empty snapshot in the place of one that knows something', async () => {
    writer.written = { queries: 0, pairs: 0 };
    await expect(run.execute(options, work)).rejects.toThrow(
      /in 40 sessions no query followed another one 2 times.*lower option minCount \(7 pairs/,
    );
    expect(models.published).toEqual([]);
  });

  it('says so when nobody asked anything', async () => {
    data.last = undefined;
    await expect(run.execute({ ...options, traffic: 'live' }, work)).rejects.toThrow('the log holds no queries of traffic "live"');
  });

  it('ships the snapshot that it built, though it was killed before it was registered', async () => {
    work.folder.killAt = 'snapshot';
    await expect(run.execute(options, work)).rejects.toThrow('killed');
    await run.execute(options, work);
    expect(writer.paths).toHaveLength(1);
    expect(models.published).toHaveLength(1);
  });
});
