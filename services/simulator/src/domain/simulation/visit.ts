import type { TaskId } from '../population/behaviour.js';
import type { Look, Session } from '../population/session.js';
import type { RecommendedList } from './gateway.js';
import type { ImpressionBudget } from './impression-budget.js';
import type { PatientGateway } from './patient-gateway.js';

/** What a visit tells of itself while it goes on. */
export interface VisitObserver {
  /** The user has come: the first list is asked for. */
  sessionBegan(): void;
  impression(task: TaskId, degraded: boolean): void;
  clickedImpression(task: TaskId): void;
}

export interface VisitOptions {
  readonly sessionId: string;
  readonly startsAt: Date;
  readonly tasks: ReadonlySet<TaskId>;
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
        const look = this.session.look(task, list.queries);
        if (look.clicks.length > 0) await this.report(task, list, look, signal);
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
      list = await this.gateway.recommend(call, signal);
    } finally {
      this.budget.settle(list !== undefined);
    }
    if (list !== undefined) this.observer.impression(task, list.degraded);
    return list;
  }

  private async report(task: TaskId, list: RecommendedList, { clicks, seconds }: Look, signal: AbortSignal): Promise<void> {
    const { impressionId } = list;
    const occurredAt = this.moment(seconds);
    const clicked = clicks.map((position) => ({ position, text: list.queries[position - 1]?.text ?? '', occurredAt }));
    const recorded = await this.gateway.recordClicks({ impressionId, sessionId: this.options.sessionId, clicks: clicked }, signal);
    if (recorded) this.observer.clickedImpression(task);
  }

  private moment(seconds: number): Date {
    return new Date(this.options.startsAt.getTime() + Math.round(seconds * 1000));
  }
}
