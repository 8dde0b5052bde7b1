import { afterEach, describe, expect, it } from 'vitest';
import { FakeRunFolder, FakeRunStore } from '../../../test/fakes.js';
import { RunEndedError, RunFailedError, RunNotFoundError, ShuttingDownError } from './errors.js';
import type { Run, RunRequest } from './run.js';
import type { RunWork } from './run-kind.js';
import { RunQueue } from './run-queue.js';

const request: RunRequest = {
  kind: 'cooccurrence',
  options: { days: 90, traffic: 'all', minCount: 2, hubShare: 0.05, hubMinimum: 20, maxNext: 100 },
};
const { signal: forever } = new AbortController();

/** A queue whose runs do what the test says. */
class Harness {
  execute: (work: RunWork) => Promise<void> = () => Promise.resolve();
  readonly ended: Run[] = [];
  readonly cleared: string[] = [];
  readonly errors: unknown[] = [];
  private suffix = 0;
  readonly queue: RunQueue;

  constructor(readonly store = new FakeRunStore()) {
    const kind = { stages: ['count', 'swap'], execute: (_options: unknown, work: RunWork) => this.execute(work) };
    this.queue = new RunQueue({ cooccurrence: kind, ctr: kind, sft: kind }, store, {
      now: () => Date.UTC(2026, 10, 23, 23, 15),
      suffix: () => String(this.suffix++).padStart(6, '0'),
      openFolder: () => Promise.resolve(new FakeRunFolder()),
      clearFolder: async ({ runId }) => {
        this.cleared.push(runId);
      },
      maxAttempts: 3,
      onEnd: (run) => this.ended.push(run),
      onError: (error) => this.errors.push(error),
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    });
  }

  async outcome(runId: string): Promise<Run | undefined> {
    let last: Run | undefined;
    for await (const run of this.queue.watch(runId, forever)) last = run;
    return last;
  }
}

const aborted = ({ signal }: RunWork): Promise<void> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });

describe('the queue of runs', () => {
  let harness = new Harness();
  afterEach(async () => {
    await harness.queue.close();
    harness = new Harness();
  });

  it('executes runs one at a time, in the order in which they were started', async () => {
    const trace: string[] = [];
    harness.execute = async ({ runId }) => {
      trace.push(`begin ${runId}`);
      await new Promise((resolve) => setImmediate(resolve));
      trace.push(`end ${runId}`);
    };
    const [first, second] = [await harness.queue.start(request), await harness.queue.start(request)];
    expect((await harness.queue.get(second.runId)).state).toBe('queued');
    harness.queue.begin();
    await harness.outcome(second.runId);
    expect(trace).toEqual([`begin ${first.runId}`, `end ${first.runId}`, `begin ${second.runId}`, `end ${second.runId}`]);
  });

  it('gives a run an id that tells when, and its model the version in it', async () => {
    let version = '';
    harness.execute = async (work) => {
      version = work.version;
    };
    harness.queue.begin();
    const { runId } = await harness.queue.start(request);
    await harness.outcome(runId);
    expect(runId).toBe('cooccurrence-20261123t231500-000000');
    expect(version).toBe('20261123t231500-000000');
  });

  it('tells watchers of every stage, and ends with the run', async () => {
    const go = Promise.withResolvers<undefined>();
    harness.execute = async (work) => {
      await go.promise;
      work.report({ stage: 'swap', done: 1, total: 2, unit: 'steps' });
      await new Promise((resolve) => setImmediate(resolve));
      work.measured({ pairs: 3 });
      work.wrote({ kind: 'cooccurrence', version: work.version });
    };
    const { runId } = await harness.queue.start(request);
    const seen: Run[] = [];
    harness.queue.begin();
    for await (const run of harness.queue.watch(runId, forever)) {
      seen.push(run);
      if (run.state === 'running') go.resolve(undefined);
    }
    expect(seen[0]?.state).toBe('queued');
    expect(seen.find(({ progress }) => progress)?.progress).toMatchObject({ stage: 'swap', stageNumber: 2, stages: 2, done: 1, total: 2 });
    expect(seen.at(-1)).toMatchObject({ state: 'succeeded', metrics: { pairs: 3 }, model: { kind: 'cooccurrence' }, attempts: 1 });
  });

  it('ends a run that fails with what it says, and goes on with the next', async () => {
    const failures = [new RunFailedError('too few clicks; wait for more'), new TypeError('x is undefined')];
    harness.execute = async () => {
      throw failures.shift() ?? new Error('no more');
    };
    harness.queue.begin();
    const [foreseen, unforeseen] = [await harness.queue.start(request), await harness.queue.start(request)];
    expect(await harness.outcome(foreseen.runId)).toMatchObject({ state: 'failed', error: 'too few clicks; wait for more' });
    expect((await harness.outcome(unforeseen.runId))?.error).toMatch(/^x is undefined; start the run again/);
    expect(harness.cleared).toEqual([foreseen.runId, unforeseen.runId]);
  });

  it('cancels a run that waits, one that runs, and none that has ended', async () => {
    harness.execute = aborted;
    const [running, waiting] = [await harness.queue.start(request), await harness.queue.start(request)];
    harness.queue.begin();
    expect((await harness.queue.cancel(waiting.runId)).state).toBe('cancelled');
    expect((await harness.queue.cancel(running.runId)).state).toBe('cancelled');
    await expect(harness.queue.cancel(running.runId)).rejects.toThrow(RunEndedError);
    await expect(harness.queue.cancel('ctr-x')).rejects.toThrow(RunNotFoundError);
  });

  it('leaves the run under way to the next start when it is closed, and begins it again before all others', async () => {
    harness.execute = aborted;
    const first = await harness.queue.start(request);
    const second = await harness.queue.start(request);
    harness.queue.begin();
    const watching = harness.outcome(first.runId);
    await expect.poll(async () => (await harness.queue.get(first.runId)).state).toBe('running');
    await Promise.all([harness.queue.close(), expect(watching).rejects.toThrow(ShuttingDownError)]);
    expect(harness.ended).toEqual([]);

    const again = new Harness(harness.store);
    again.queue.begin();
    await again.outcome(second.runId);
    expect(again.ended.map(({ runId, attempts }) => [runId, attempts])).toEqual([
      [first.runId, 2],
      [second.runId, 1],
    ]);
    await again.queue.close();
  });

  it('gives up a run that was begun too often without ending', async () => {
    const run = await harness.queue.start(request);
    await harness.store.save({ ...run, state: 'running', attempts: 3 });
    harness.queue.begin();
    expect((await harness.outcome(run.runId))?.error).toContain('begun 3 times without ending');
  });

  it('goes on when its store fails for a while', async () => {
    const run = await harness.queue.start(request);
    harness.store.failures = 2;
    harness.queue.begin();
    expect(await harness.outcome(run.runId)).toMatchObject({ state: 'succeeded' });
    expect(harness.errors).toHaveLength(2);
  });

  it('ends a watch when the watcher leaves', async () => {
    const run = await harness.queue.start(request);
    const leaving = new AbortController();
    const watching = (async () => {
      for await (const seen of harness.queue.watch(run.runId, leaving.signal)) expect(seen.state).toBe('queued');
    })();
    leaving.abort(new Error('gone'));
    await expect(watching).rejects.toThrow('gone');
  });
});
