import type { TaskId } from '../population/behaviour.js';
import type { SessionSource } from '../population/session-source.js';
import { randomFor } from '../random/random.js';
import { type Gateway, GatewayRefusesError } from './gateway.js';
import { ImpressionBudget } from './impression-budget.js';
import { GatewayGoneError, PatientGateway, type PatienceOptions } from './patient-gateway.js';
import { type Progress, RateMeter, type SimulationSpec, type SimulationState } from './progress.js';
import { SimulatedClock } from './simulated-clock.js';
import { Tally } from './tally.js';
import { Visit, type VisitObserver } from './visit.js';

/** What operators see of simulations: counts of what is logged anyway. */
export interface SimulationObserver {
  impression(task: TaskId, degraded: boolean): void;
  clickedImpression(task: TaskId): void;
  failedCall(reason: string): void;
  /** A fault of this service itself. */
  unforeseen(error: unknown): void;
  ended(progress: Progress): void;
}

export type SimulationOptions = Omit<PatienceOptions, 'onFailedCall'>;

const UNFORESEEN = 'internal error; see the logs of the simulator';

/** Why a simulation failed, with the remedy. Only errors that are meant for operators speak: any other may quote what is hidden. */
function reasonOf(error: unknown): string {
  const foreseen = error instanceof GatewayRefusesError || error instanceof GatewayGoneError;
  return foreseen ? error.message : UNFORESEEN;
}

/** The last session begins this long before the simulated clock ends, so that none runs far into the future. */
const LAST_SESSION_MS = 15 * 60_000;

/** One simulation, from the moment it is made until it has ended. */
export class Simulation implements VisitObserver {
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>;
  private readonly budget: ImpressionBudget;
  private readonly clock: SimulatedClock;
  private readonly gateway: PatientGateway;
  private readonly tally: Tally;
  private readonly rate: RateMeter;
  private readonly stop = new AbortController();
  private readonly listeners = new Set<() => void>();
  private readonly startedAt: Date;
  private endedAt: Date | undefined;
  private state: SimulationState = 'running';
  private error = '';
  private sessions = 0;
  private failedCalls = 0;
  private nextSession = 0;
  private latestShare = 0;

  constructor(
    readonly id: string,
    private readonly spec: SimulationSpec,
    private readonly source: SessionSource,
    gateway: Gateway,
    private readonly observer: SimulationObserver,
    private readonly options: SimulationOptions,
  ) {
    this.startedAt = new Date(options.now());
    this.budget = new ImpressionBudget(spec.impressions);
    this.clock = new SimulatedClock(new Date(options.now() - LAST_SESSION_MS), spec.days);
    this.gateway = new PatientGateway(gateway, { ...options, onFailedCall: this.failedCall });
    this.tally = new Tally(spec.tasks);
    this.rate = new RateMeter(options.now);
    this.ended = this.run();
  }

  get progress(): Progress {
    const impressions = this.tally.total('impressions');
    const rate = this.rate.perSecond;
    const running = this.state === 'running';
    return {
      simulationId: this.id,
      spec: this.spec,
      state: this.state,
      impressions,
      clickedImpressions: this.tally.total('clickedImpressions'),
      sessions: this.sessions,
      failedCalls: this.failedCalls,
      rate,
      secondsLeft: running && rate > 0 ? (this.spec.impressions - impressions) / rate : undefined,
      tasks: this.tally.tasks,
      startedAt: this.startedAt,
      endedAt: this.endedAt,
      error: this.error,
    };
  }

  /** Calls back whenever something changes; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Stops it, if it is running; resolves when nothing is under way any more. */
  async cancel(): Promise<void> {
    if (this.state === 'running') this.state = 'cancelled';
    this.stop.abort();
    await this.ended;
  }

  sessionBegan(): void {
    this.sessions++;
  }

  impression(task: TaskId, degraded: boolean): void {
    this.tally.impression(task, degraded);
    this.rate.add();
    this.observer.impression(task, degraded);
    this.changed();
  }

  clickedImpression(task: TaskId): void {
    this.tally.clickedImpression(task);
    this.observer.clickedImpression(task);
    this.changed();
  }

  private readonly failedCall = (reason: string): void => {
    this.failedCalls++;
    this.observer.failedCall(reason);
    this.changed();
  };

  private async run(): Promise<void> {
    const workers = Array.from({ length: this.spec.concurrency }, () => this.work());
    await Promise.all(workers).catch((error: unknown) => {
      if (this.state === 'running') {
        this.state = 'failed';
        this.error = reasonOf(error);
        if (this.error === UNFORESEEN) this.observer.unforeseen(error);
      }
      this.stop.abort();
    });
    await Promise.allSettled(workers);
    if (this.state === 'running') this.state = 'succeeded';
    this.endedAt = new Date(this.options.now());
    this.changed();
    this.observer.ended(this.progress);
  }

  private async work(): Promise<void> {
    while (!this.budget.reached && !this.stop.signal.aborted) {
      const index = this.nextSession++;
      await new Visit(this.source.session(index), this.gateway, this.budget, this, {
        sessionId: `${this.id}-${index}`,
        startsAt: this.startOf(index),
        tasks: new Set(this.spec.tasks),
      }).run(this.stop.signal);
    }
  }

  /** Sessions begin in the order of time, as far along the simulated days as the impressions are towards their goal. */
  private startOf(index: number): Date {
    const jitter = randomFor(this.spec.seed, 'session start', index)() / this.spec.impressions;
    this.latestShare = Math.max(this.latestShare, this.budget.share + jitter);
    return this.clock.at(this.latestShare);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
