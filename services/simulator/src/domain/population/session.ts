import type { ClickModel, View } from '../click/click-model.js';
import { drawAroundOne, type Random } from '../random/random.js';
import type { Behaviour, TaskId } from './behaviour.js';
import type { Exchange, Journey, ShownQuery } from './journey.js';
import type { User } from './population.js';

/** Time that a bot takes, relative to a person. */
const ROBOT_PACE = 0.05;

/** How the user came to a query. */
export type Origin = 'typed' | 'recommendation';

/** What a user asks at one moment; everything in it may be sent. */
export interface Turn extends Exchange {
  readonly origin: Origin;
  /** Earlier exchanges, oldest first. */
  readonly history: readonly Exchange[];
  /** When it is asked, in seconds since the session began. */
  readonly seconds: number;
}

/** Where a session's chances come from. */
export interface SessionDraws {
  /** What the user needs and types, and whether a hint is asked for: the same for all sessions of a script. */
  readonly course: Random;
  /** What the user does with it: clicks, patience, pace. */
  readonly random: Random;
}

/** What a user did with a list. */
export interface Look {
  /** Clicked positions, 1-based, in order. */
  readonly clicks: readonly number[];
  /** When, in seconds since the session began. */
  readonly seconds: number;
}

/**
 * One visit of one user: ask, see lists, click or not, ask again or leave. It is driven from outside, by whoever has lists to show
 * (a gateway, or a library call), in this order: `turn`, `look` for every task of `tasks()`, `advance`.
 */
export class Session {
  private readonly history: Exchange[] = [];
  private origin: Origin = 'typed';
  private seconds = 0;
  private clicked: ShownQuery | undefined;
  /** Lists passed over since the last click. */
  private ignored = 0;

  constructor(
    readonly user: User,
    private readonly journey: Journey,
    private readonly clickModel: ClickModel,
    private readonly behaviour: Behaviour,
    private readonly draws: SessionDraws,
  ) {}

  /** The task whose lists stand under this session's answers. */
  get task(): TaskId {
    return this.journey.task;
  }

  get turn(): Turn {
    return { ...this.journey.current, origin: this.origin, history: this.history, seconds: this.seconds };
  }

  /** The lists that come with this turn, one after the other; the second only if nothing of the first was clicked. */
  *tasks(allowed: ReadonlySet<TaskId>): Generator<TaskId> {
    const { task, takesHints } = this.journey;
    if (allowed.has(task)) yield task;
    if (!takesHints || !allowed.has('hint') || this.clicked !== undefined) return;
    if (!allowed.has(task) || this.draws.course() < this.behaviour.sessions.hint) yield 'hint';
  }

  /** Shows a list to the user. */
  look(task: TaskId, queries: readonly ShownQuery[]): Look {
    const clicks = this.clickModel.draw(this.view(task, queries), this.draws.random);
    this.pass(this.behaviour.sessions.secondsToClick);
    const last = queries[(clicks.at(-1) ?? 0) - 1];
    if (last !== undefined) this.clicked = last;
    this.ignored = last === undefined ? this.ignored + 1 : 0;
    return { clicks, seconds: this.seconds };
  }

  /** Probability of a click on each query, given that nothing above it was clicked: ground truth, which must not leave the service. */
  clickProbabilities(task: TaskId, queries: readonly ShownQuery[]): number[] {
    return this.clickModel.probabilities(this.view(task, queries));
  }

  /** Goes on to the next turn; false if the user leaves. */
  advance(): boolean {
    const finished = this.journey.current;
    const { clicked } = this;
    this.clicked = undefined;
    if (this.history.length + 1 >= this.behaviour.sessions.maxTurns) return false;
    if (clicked !== undefined) this.journey.follow(clicked, this.draws.course);
    else if (this.draws.random() >= this.user.initiative || !this.journey.proceed(this.draws.course)) return false;
    this.history.push(finished);
    this.origin = clicked === undefined ? 'typed' : 'recommendation';
    this.pass(clicked === undefined ? this.behaviour.sessions.secondsToRead : 1);
    return true;
  }

  private view(task: TaskId, queries: readonly ShownQuery[]): View {
    const { segment, appetite, robot } = this.user;
    const { query, response } = this.journey.current;
    return {
      task,
      segment,
      appetite,
      robot,
      asked: [...this.history.map((exchange) => exchange.query), query],
      answer: response,
      ignored: this.ignored,
      queries: queries.map(({ text }) => ({ text, meaning: this.journey.meaningOf(text) })),
    };
  }

  private pass(seconds: number): void {
    const pace = this.user.robot === undefined ? 1 : ROBOT_PACE;
    this.seconds += pace * seconds * drawAroundOne(this.draws.random, this.behaviour.sessions.secondsSpread);
  }
}
