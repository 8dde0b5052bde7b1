import { RestartPolicy } from './restart-policy.js';
import type { ServicePlan } from './service-plan.js';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process under way. */
export interface ServiceProcess {
  readonly pid: number;
  /** Resolves when it is gone. */
  readonly ended: Promise<Ending>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/** Starts processes. */
export interface Launcher {
  launch(plan: ServicePlan): ServiceProcess;
}

/** Asks a service whether it can do its work. */
export interface ReadinessProbe {
  /** Undefined when it is ready, else what it waits for, as far as it says. Never throws. */
  pending(plan: ServicePlan): Promise<string | undefined>;
}

export interface Clock {
  now(): number;
  /** Returns early, without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Told of everything that happens to a service. */
export interface ServiceObserver {
  changed(service: SupervisedService): void;
  becameReady(service: SupervisedService, startMs: number): void;
  died(service: SupervisedService, ending: Ending, next: { delayMs: number; deathsInARow: number; crashLoop: boolean }): void;
}

export type ServiceState = 'stopped' | 'starting' | 'ready' | 'waiting' | 'stopping';

export interface Surroundings {
  readonly launcher: Launcher;
  readonly probe: ReadinessProbe;
  readonly clock: Clock;
  readonly observer: ServiceObserver;
}

const PROBE_EVERY_MS = 100;

/** Keeps one service running: starts it, and starts it again whenever it dies, until it is told to stop. */
export class SupervisedService {
  state: ServiceState = 'stopped';
  /** What it waits for while it starts, as far as it says. */
  pendingReason = '';
  restarts = 0;
  /** Resolves when it is ready for the first time. */
  readonly firstReady: Promise<void>;
  private readonly resolveFirstReady: () => void;
  private process: ServiceProcess | undefined;
  private running: Promise<void> | undefined;
  private readonly stopRequest = new AbortController();

  constructor(
    readonly plan: ServicePlan,
    private readonly around: Surroundings,
    private readonly policy = new RestartPolicy(),
  ) {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.firstReady = promise;
    this.resolveFirstReady = () => {
      resolve(undefined);
    };
  }

  /** Process id; undefined while it is not running. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  start(): void {
    this.running ??= this.keepRunning();
  }

  /** Asks it to end its work, and kills it after `patienceMs`. Resolves when it is gone. */
  async stop(patienceMs: number): Promise<void> {
    this.stopRequest.abort();
    const current = this.process;
    if (current !== undefined) {
      this.enter('stopping');
      current.signal('SIGTERM');
      const gone = new AbortController();
      const patience = this.around.clock.sleep(patienceMs, gone.signal).then(() => {
        if (!gone.signal.aborted) current.signal('SIGKILL');
      });
      await current.ended;
      gone.abort();
      await patience;
    }
    await this.running;
    this.enter('stopped');
  }

  /** Ends it at once. */
  kill(): void {
    this.stopRequest.abort();
    this.process?.signal('SIGKILL');
  }

  private isStopping(): boolean {
    return this.stopRequest.signal.aborted;
  }

  private async keepRunning(): Promise<void> {
    const { launcher, clock, observer } = this.around;
    while (!this.isStopping()) {
      const startedAt = clock.now();
      const current = launcher.launch(this.plan);
      this.process = current;
      this.enter('starting');
      const ended = new AbortController();
      const readyAt = this.awaitReadiness(ended.signal, startedAt);
      const ending = await current.ended;
      ended.abort();
      const becameReadyAt = await readyAt;
      this.process = undefined;
      if (this.isStopping()) return;
      const next = this.policy.died(becameReadyAt === undefined ? undefined : clock.now() - becameReadyAt);
      this.restarts += 1;
      this.enter('waiting');
      observer.died(this, ending, next);
      await clock.sleep(next.delayMs, this.stopRequest.signal);
    }
  }

  /** The moment at which it became ready; undefined if it ended before. */
  private async awaitReadiness(ended: AbortSignal, startedAt: number): Promise<number | undefined> {
    const { probe, clock, observer } = this.around;
    const isOver = (): boolean => ended.aborted || this.isStopping();
    while (!isOver()) {
      const pending = await probe.pending(this.plan);
      if (isOver()) return undefined;
      if (pending === undefined) {
        this.pendingReason = '';
        this.enter('ready');
        observer.becameReady(this, clock.now() - startedAt);
        this.resolveFirstReady();
        return clock.now();
      }
      this.pendingReason = pending;
      await clock.sleep(PROBE_EVERY_MS, ended);
    }
    return undefined;
  }

  private enter(state: ServiceState): void {
    this.state = state;
    this.around.observer.changed(this);
  }
}
