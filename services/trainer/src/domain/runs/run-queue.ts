import { messageOf } from '@gqr/chassis/errors';
import { RunEndedError, RunFailedError, RunNotFoundError, ShuttingDownError } from './errors.js';
import { hasEnded, type Run, type RunKindName, type RunRequest, type RunState, type StageProgress } from './run.js';
import { stampOf } from './run-id.js';
import type { RunFolder, RunKind, RunWork } from './run-kind.js';
import type { RunStore } from './run-store.js';
import { RunWatchers } from './run-watchers.js';

/** The kinds of run, each with its own options. */
export type RunKinds = { readonly [K in RunKindName]: RunKind<Extract<RunRequest, { kind: K }>['options']> };

export interface RunQueueOptions {
  readonly now: () => number;
  /** Six hexadecimal digits that tell runs of the same second apart. */
  readonly suffix: () => string;
  /** Opens the folder of a run; makes it if need be. */
  readonly openFolder: (runId: string) => Promise<RunFolder>;
  /** Removes what a run that has ended leaves behind. */
  readonly clearFolder: (run: Run) => Promise<void>;
  /** A run that was begun so often without ending is given up: it may be what kills the trainer. */
  readonly maxAttempts: number;
  /** Told when a run ends, with what it threw if that was not foreseen. */
  readonly onEnd: (run: Run, unforeseen?: unknown) => void;
  /** Told when the store fails; the queue goes on after a pause. */
  readonly onError: (error: unknown) => void;
  readonly pause: (ms: number) => Promise<void>;
}

/** Aborts a run that is cancelled. */
class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Shortest time between two writes of a run's progress; watchers see all of it. */
const SAVE_MS = 1_000;
const RETRY_MS = 1_000;

/** Executes runs one at a time, in the order in which they were asked for, and tells of them. */
export class RunQueue {
  /** The run that is being executed, as it is now. */
  private current: { run: Run; readonly stop: AbortController } | undefined;
  private readonly watchers = new RunWatchers();
  private wake = Promise.withResolvers<undefined>();
  private readonly closing = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly kinds: RunKinds,
    private readonly store: RunStore,
    private readonly options: RunQueueOptions,
  ) {}

  /** Begins to execute; a run that was under way when the trainer ended is begun again, before all others. */
  begin(): void {
    this.loop = this.executeAll();
  }

  async start(request: RunRequest): Promise<Run> {
    const createdAt = this.options.now();
    const runId = `${request.kind}-${stampOf(createdAt, this.options.suffix())}`;
    const run: Run = { runId, request, state: 'queued', createdAt, metrics: {}, attempts: 0 };
    await this.store.save(run);
    this.wake.resolve(undefined);
    return run;
  }

  /** @throws RunNotFoundError */
  async get(runId: string): Promise<Run> {
    const run = this.asOfNow(await this.store.get(runId));
    if (run === undefined) throw new RunNotFoundError(runId);
    return run;
  }

  async latest(limit: number): Promise<Run[]> {
    return (await this.store.latest(limit)).map((run) => this.asOfNow(run));
  }

  /**
   * The run as it is, then whenever it has changed, until it has ended. A slow reader misses states in between, never the last.
   * @throws RunNotFoundError, ShuttingDownError, the signal's reason
   */
  watch(runId: string, signal: AbortSignal): AsyncGenerator<Run> {
    return this.watchers.watch(runId, () => this.get(runId), AbortSignal.any([signal, this.closing.signal]));
  }

  /** Resolves when the run has ended. @throws RunNotFoundError, RunEndedError */
  async cancel(runId: string): Promise<Run> {
    const cancelled = await this.inTurn(async () => {
      const run = await this.get(runId);
      if (hasEnded(run)) throw new RunEndedError(runId, run.state);
      if (this.current?.run.runId !== runId) return this.end(run, { state: 'cancelled' });
      this.current.stop.abort(new Cancelled());
      return undefined;
    });
    return cancelled ?? this.ended(runId);
  }

  /** Stops the run under way without ending it: it is begun again after a restart. */
  async close(): Promise<void> {
    this.closing.abort(new ShuttingDownError());
    this.current?.stop.abort(this.closing.signal.reason);
    this.wake.resolve(undefined);
    await this.loop;
  }

  /** Whatever takes a run out of the queue happens here, one at a time: a run is not cancelled and begun at once. */
  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }

  private asOfNow<R extends Run | undefined>(run: R): R | Run {
    return run !== undefined && this.current?.run.runId === run.runId && !hasEnded(run) ? this.current.run : run;
  }

  private async ended(runId: string): Promise<Run> {
    let last = await this.get(runId);
    for await (const run of this.watch(runId, this.closing.signal)) last = run;
    return last;
  }

  private async executeAll(): Promise<void> {
    while (!this.closing.signal.aborted) {
      try {
        this.wake = Promise.withResolvers<undefined>();
        if (await this.inTurn(() => this.takeNext())) await this.executeCurrent();
        else await this.wake.promise;
      } catch (error) {
        this.options.onError(error);
        await this.options.pause(RETRY_MS);
      } finally {
        this.current = undefined;
      }
    }
  }

  /** Begins the next run; says whether there is one. */
  private async takeNext(): Promise<boolean> {
    const { now, maxAttempts } = this.options;
    const unfinished = await this.store.unfinished();
    const next = unfinished.find(({ state }) => state === 'running') ?? unfinished[0];
    if (next === undefined) return false;
    const run: Run = { ...next, state: 'running', startedAt: next.startedAt ?? now(), attempts: next.attempts + 1 };
    if (next.attempts >= maxAttempts) {
      const error = `it was begun ${String(maxAttempts)} times without ending; the trainer's log says why each time, mend that and start it again`;
      await this.end(next, { state: 'failed', error });
      return this.takeNext();
    }
    await this.store.save(run);
    this.current = { run, stop: new AbortController() };
    this.watchers.tell(run);
    return true;
  }

  private async executeCurrent(): Promise<void> {
    if (this.current === undefined) return;
    const { run, stop } = this.current;
    if (this.closing.signal.aborted) return;
    let outcome: { state: RunState; error?: string };
    let unforeseen: unknown;
    try {
      await this.execute(run.request, await this.workOf(run, stop.signal));
      outcome = { state: 'succeeded' };
    } catch (error) {
      if (stop.signal.reason instanceof ShuttingDownError) return;
      if (!stop.signal.aborted && !(error instanceof RunFailedError)) unforeseen = error;
      outcome = stop.signal.aborted ? { state: 'cancelled' } : { state: 'failed', error: explain(error) };
    }
    await this.end(this.current.run, outcome, unforeseen);
  }

  private execute(request: RunRequest, work: RunWork): Promise<void> {
    switch (request.kind) {
      case 'cooccurrence':
        return this.kinds.cooccurrence.execute(request.options, work);
      case 'ctr':
        return this.kinds.ctr.execute(request.options, work);
      case 'sft':
        return this.kinds.sft.execute(request.options, work);
    }
  }

  private async workOf({ runId, request }: Run, signal: AbortSignal): Promise<RunWork> {
    const { stages } = this.kinds[request.kind];
    let savedAt = 0;
    return {
      runId,
      version: runId.slice(request.kind.length + 1),
      folder: await this.options.openFolder(runId),
      signal,
      report: (progress) => {
        const full: StageProgress = { done: 0, total: 0, unit: '', rate: 0, message: '', ...progress };
        const run = this.change({ progress: { ...full, stageNumber: stages.indexOf(full.stage) + 1, stages: stages.length } });
        if (run === undefined || this.options.now() - savedAt < SAVE_MS) return;
        savedAt = this.options.now();
        this.store.save(run).catch(this.options.onError);
      },
      measured: (metrics) => {
        this.change({ metrics: { ...this.current?.run.metrics, ...metrics } });
      },
      wrote: (model) => {
        this.change({ model });
      },
    };
  }

  private change(part: Partial<Run>): Run | undefined {
    if (this.current === undefined) return undefined;
    this.current.run = { ...this.current.run, ...part };
    this.watchers.tell(this.current.run);
    return this.current.run;
  }

  private async end(run: Run, how: { state: RunState; error?: string }, unforeseen?: unknown): Promise<Run> {
    const ended: Run = { ...run, ...how, endedAt: this.options.now() };
    await this.store.save(ended);
    this.options.onEnd(ended, unforeseen);
    await this.options.clearFolder(ended).finally(() => {
      this.watchers.tell(ended);
    });
    return ended;
  }
}

function explain(error: unknown): string {
  if (error instanceof RunFailedError) return error.message;
  return `${messageOf(error)}; start the run again, and see the trainer's log if it fails again`;
}
