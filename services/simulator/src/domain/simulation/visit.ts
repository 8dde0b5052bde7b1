import type { TaskId } from '../population/behaviour.js';
import type { Look, Session } from '../population/session.js';
import type { RecommendedList } from './gateway.js';
import type { ShownEntry } from './journal.js';
import type { ImpressionBudget } from './impression-budget.js';
import type { PatientGateway } from './patient-gateway.js';

/** What a visit tells of itself while it goes on. */
export interface VisitObserver {
  /** The user has come: the first list is asked for. */
  sessionBegan(): void;
  impression(task: TaskId, degraded: boolean): void;
  clickedImpression(task: TaskId): void;
  /** A list has been shown, looked at and, if it was clicked, reported. */
  settled(entry: ShownEntry): void;
}

export interface VisitOptions {
  readonly sessionId: string;
  readonly startsAt: Date;
  readonly tasks: ReadonlySet<TaskId>;
  /** Day since the simulated time began. */
  readonly day: number;
  /** Resolves when this second of the session has come; at once on a simulated clock. */
  readonly wait: (seconds: number, signal: AbortSignal) => Promise<void>;
  /** Resolves when another list may be asked for. */
  readonly turn: (signal: AbortSignal) => Promise<void>;
  /** Whether calls say when they happen; on the wall clock that is now. */
  readonly saysWhen: boolean;
}

/** Takes one session through the gateway: the only place where what users say meets what is sent. */
export class Visit {
  constructor(
    private readonly session: Session,
    private readonly gateway: PatientGateway,
    private readonly budget: ImpressionBudget,
    private readonly observer: VisitObserver,
    private readonly options: VisitOptions,
  ) {}

  /** Ends when the user leaves or the budget is used up. */
  async run(signal: AbortSignal): Promise<void> {
    let began = false;
    do {
      for (const task of this.session.tasks(this.options.tasks)) {
        if (!(await this.budget.take())) return;
        if (!began) this.observer.sessionBegan();
        began = true;
        const list = await this.show(task, signal);
        if (list === undefined) continue;
        const probabilities = this.session.clickProbabilities(task, list.queries);
        const look = this.session.look(task, list.queries);
        const recorded = look.clicks.length > 0 && (await this.report(task, list, look, signal));
        this.settle(task, list, probabilities, recorded ? look.clicks : []);
      }
    } while (this.session.advance());
  }

  /** Undefined if there is nothing to look at. */
  private async show(task: TaskId, signal: AbortSignal): Promise<RecommendedList | undefined> {
    const { query, response, history, origin, seconds } = this.session.turn;
    const call = {
      task,
      sessionId: this.options.sessionId,
      userId: this.session.user.id,
      query,
      response,
      history: [...history],
      origin,
      occurredAt: this.moment(seconds),
    };
    let list: RecommendedList | undefined;
    try {
      await this.options.wait(seconds, signal);
      await this.options.turn(signal);
      list = await this.gateway.recommend(call, signal);
    } finally {
      this.budget.settle(list !== undefined);
    }
    if (list !== undefined) this.observer.impression(task, list.degraded);
    return list;
  }

  private async report(task: TaskId, list: RecommendedList, { clicks, seconds }: Look, signal: AbortSignal): Promise<boolean> {
    await this.options.wait(seconds, signal);
    const { impressionId } = list;
    const occurredAt = this.moment(seconds);
    const clicked = clicks.map((position) => ({ position, text: list.queries[position - 1]?.text ?? '', occurredAt }));
    const recorded = await this.gateway.recordClicks({ impressionId, sessionId: this.options.sessionId, clicks: clicked }, signal);
    if (recorded) this.observer.clickedImpression(task);
    return recorded;
  }

  private settle(task: TaskId, list: RecommendedList, probabilities: readonly number[], clicks: readonly number[]): void {
    const { user } = this.session;
    this.observer.settled({
      kind: 'shown',
      task,
      day: Math.floor(this.options.day),
      segment: user.robot === undefined ? user.segment.id : 'bots',
      policy: list.policy,
      degraded: list.degraded,
      size: list.queries.length,
      clicks,
      expected: 1 - probabilities.reduce((none, probability) => none * (1 - probability), 1),
    });
  }

  private moment(seconds: number): Date | undefined {
    if (!this.options.saysWhen) return undefined;
    return new Date(this.options.startsAt.getTime() + Math.round(seconds * 1000));
  }
}
