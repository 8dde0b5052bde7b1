import type { TaskId } from '../population/behaviour.js';
import type { SessionSource } from '../population/session-source.js';
import { randomFor } from '../random/random.js';
import { type Gateway, GatewayRefusesError } from './gateway.js';
import { ImpressionBudget } from './impression-budget.js';
import type { Journal, ShownEntry, SimulationHead } from './journal.js';
import { Pacer } from './pacer.js';
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

export type SimulationOptions = Omit<PatienceOptions, 'onFailedCall'> & {
  /** Writes the report of a simulation that has ended, however it did. */
  readonly writeReport: (head: SimulationHead, journal: Journal) => Promise<void>;
};

const DAY_MS = 86_400_000;

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
  readonly id: string;
  /** Resolves when it has ended, however it did. */
  readonly ended: Promise<void>;
  private readonly spec: SimulationSpec;
  private readonly budget: ImpressionBudget;
  private readonly clock: SimulatedClock;
  private readonly gateway: PatientGateway;
  private readonly tally: Tally;
  private readonly rate: RateMeter;
  private readonly pacer: Pacer;
  private readonly stop = new AbortController();
  private readonly listeners = new Set<() => void>();
  private endedAt: Date | undefined;
  private state: SimulationState = 'running';
  private error = '';
  private sessions = 0;
  private failedCalls = 0;
  private nextSession = 0;
  private latestShare = 0;

  /** What the journal holds of the simulation already is not done again. */
  constructor(
    private readonly head: SimulationHead,
    private readonly journal: Journal,
    private readonly source: SessionSource,
    gateway: Gateway,
    private readonly observer: SimulationObserver,
    private readonly options: SimulationOptions,
  ) {
    this.id = head.id;
    this.spec = head.spec;
    this.tally = new Tally(this.spec.tasks);
    for (const entry of journal.entries()) {
      if (entry.kind === 'shown') this.tally.restore(entry);
      else this.nextSession = Math.max(this.nextSession, entry.session + 1);
    }
    this.sessions = this.nextSession;
    this.budget = new ImpressionBudget(this.spec.impressions, this.tally.total('impressions'));
    this.clock = new SimulatedClock(new Date(head.startedAt.getTime() - LAST_SESSION_MS), this.spec.days);
    this.gateway = new PatientGateway(gateway, { ...options, onFailedCall: this.failedCall });
    this.rate = new RateMeter(options.now);
    this.pacer = new Pacer(this.spec.rate, options.now, options.sleep);
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
      startedAt: this.head.startedAt,
      endedAt: this.endedAt,
      error: this.error,
      reportDirectory: this.journal.reportDirectory,
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

  settled(entry: ShownEntry): void {
    this.journal.append(entry);
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
    await this.report();
    this.journal.close();
    this.endedAt = new Date(this.options.now());
    this.changed();
    this.observer.ended(this.progress);
  }

  /** A report that cannot be written does not undo what was simulated. */
  private async report(): Promise<void> {
    try {
      await this.options.writeReport(this.head, this.journal);
    } catch (error) {
      this.observer.unforeseen(error);
      this.error ||= 'the report could not be written; see the logs of the simulator';
    }
  }

  private async work(): Promise<void> {
    while (!this.budget.reached && !this.stop.signal.aborted) {
      const index = this.nextSession++;
      const startsAt = this.startOf(index);
      const day = this.spec.realTime ? (startsAt.getTime() - this.head.startedAt.getTime()) / DAY_MS : this.clock.dayOf(startsAt);
      this.journal.append({ kind: 'begun', session: index });
      await new Visit(this.source.session(index, day), this.gateway, this.budget, this, {
        sessionId: `${this.id}-${index}`,
        startsAt,
        day,
        tasks: new Set(this.spec.tasks),
        saysWhen: !this.spec.realTime,
        wait: (seconds, signal) => this.wait(startsAt, seconds, signal),
        turn: (signal) => this.pacer.turn(signal),
      }).run(this.stop.signal);
    }
  }

  /** In real time, until the user has come to that second. */
  private async wait(startsAt: Date, seconds: number, signal: AbortSignal): Promise<void> {
    const left = startsAt.getTime() + seconds * 1000 - this.options.now();
    if (this.spec.realTime && left > 0) await this.options.sleep(left, signal);
  }

  /** Sessions begin in the order of time, as far along the simulated days as the impressions are towards their goal. */
  private startOf(index: number): Date {
    if (this.spec.realTime) return new Date(this.options.now());
    const jitter = randomFor(this.spec.seed, 'session start', index)() / this.spec.impressions;
    this.latestShare = Math.max(this.latestShare, this.budget.share + jitter);
    return this.clock.at(this.latestShare);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
