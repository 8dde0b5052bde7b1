import { TASK_IDS, type TaskId } from '../population/behaviour.js';
import type { ShownQuery } from '../population/journey.js';
import type { Session } from '../population/session.js';
import type { SessionSource } from '../population/session-source.js';
import { randomFor } from '../random/random.js';
import type { StandInPolicy } from './stand-in-policies.js';

/** What came of showing a policy's lists of one task. */
export interface TaskFigures {
  readonly lists: number;
  /** Share of lists with a click. */
  readonly clickRate: number;
  /** Expected share of lists with a click: the same without the noise of drawing. */
  readonly expectedClickRate: number;
  /** Share of all clicks by position. */
  readonly clicksByPosition: readonly number[];
}

/** What came of a policy. */
export interface PolicyFigures {
  readonly sessions: number;
  readonly turnsPerSession: number;
  readonly tasks: Readonly<Partial<Record<TaskId, TaskFigures>>>;
}

class Tally {
  lists = 0;
  clicked = 0;
  expected = 0;
  readonly positions: number[] = [];

  figures(): TaskFigures {
    const clicks = this.positions.reduce((sum, count) => sum + count, 0);
    return {
      lists: this.lists,
      clickRate: this.clicked / this.lists,
      expectedClickRate: this.expected / this.lists,
      clicksByPosition: this.positions.map((count) => count / clicks),
    };
  }
}

/** Shows a policy's lists to the first sessions of a population, without a gateway. */
export function measurePolicy(source: SessionSource, policy: StandInPolicy, sessions: number, tasks: ReadonlySet<TaskId>): PolicyFigures {
  const tallies = new Map(TASK_IDS.map((task) => [task, new Tally()]));
  let turns = 0;
  for (let index = 0; index < sessions; index++) {
    const session = source.session(index);
    const random = randomFor(0n, 'stand-in policy', index);
    do {
      turns++;
      for (const task of session.tasks(tasks)) {
        const list = policy(session.turn, task, random);
        const tally = tallies.get(task);
        if (tally === undefined || list.length === 0) continue;
        const missed = session.clickProbabilities(task, list).reduce((none, probability) => none * (1 - probability), 1);
        const { clicks } = session.look(task, list);
        tally.expected += 1 - missed;
        tally.lists++;
        tally.clicked += clicks.length > 0 ? 1 : 0;
        for (let position = 1; position <= list.length; position++) {
          tally.positions[position - 1] = (tally.positions[position - 1] ?? 0) + (clicks.includes(position) ? 1 : 0);
        }
      }
    } while (session.advance());
  }
  const shown = [...tallies].filter(([, { lists }]) => lists > 0);
  return { sessions, turnsPerSession: turns / sessions, tasks: Object.fromEntries(shown.map(([task, tally]) => [task, tally.figures()])) };
}

/**
 * Decisions that users make in a second of a core: ask, judge a list, click or not, go on. The lists are made in a first pass, so that
 * their making does not count, and shown again in a second one to a population that has judged nothing yet, of which the second half
 * of the sessions is timed: a simulation that has been under way for a while.
 */
export function measureSpeed(populate: () => SessionSource, policy: StandInPolicy, sessions: number, tasks: ReadonlySet<TaskId>): number {
  const runThrough = (source: SessionSource, from: number, to: number, listFor: ListFor): void => {
    for (let index = from; index < to; index++) {
      const session = source.session(index);
      do for (const task of session.tasks(tasks)) session.look(task, listFor(session, task, index));
      while (session.advance());
    }
  };
  const lists: (readonly ShownQuery[])[] = [];
  runThrough(populate(), 0, sessions, (session, task, index) => {
    const list = policy(session.turn, task, randomFor(BigInt(lists.length), 'stand-in policy', index));
    lists.push(list);
    return list;
  });
  const source = populate();
  let next = 0;
  const again: ListFor = () => lists[next++] ?? [];
  const half = Math.floor(sessions / 2);
  runThrough(source, 0, half, again);
  const before = next;
  const began = process.cpuUsage();
  runThrough(source, half, sessions, again);
  const { user, system } = process.cpuUsage(began);
  return Math.round(((next - before) * 1e6) / (user + system));
}

type ListFor = (session: Session, task: TaskId, index: number) => readonly ShownQuery[];
