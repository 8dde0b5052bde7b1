import { TASK_IDS, type TaskId } from '../population/behaviour.js';
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
  /** Lists that users decided on in a second of a core: asking, judging, clicking and going on, without making the lists. */
  readonly decisionsPerSecond: number;
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

/** Time that this process has had a core for, in microseconds; other processes do not slow it. */
function coreTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Shows a policy's lists to the first sessions of a population, without a gateway. */
export function measurePolicy(source: SessionSource, policy: StandInPolicy, sessions: number, tasks: ReadonlySet<TaskId>): PolicyFigures {
  const tallies = new Map(TASK_IDS.map((task) => [task, new Tally()]));
  let turns = 0;
  let asideTime = 0;
  const aside = <T>(work: () => T): T => {
    const began = coreTime();
    const result = work();
    asideTime += coreTime() - began;
    return result;
  };
  const began = coreTime();
  for (let index = 0; index < sessions; index++) {
    const session = source.session(index);
    const random = randomFor(0n, 'stand-in policy', index);
    do {
      turns++;
      for (const task of session.tasks(tasks)) {
        const list = aside(() => policy(session.turn, task, random));
        const tally = tallies.get(task);
        if (tally === undefined || list.length === 0) continue;
        const { clicks } = session.look(task, list);
        const missed = aside(() => session.clickProbabilities(task, list).reduce((none, probability) => none * (1 - probability), 1));
        tally.expected += 1 - missed;
        tally.lists++;
        tally.clicked += clicks.length > 0 ? 1 : 0;
        for (let position = 1; position <= list.length; position++) {
          tally.positions[position - 1] = (tally.positions[position - 1] ?? 0) + (clicks.includes(position) ? 1 : 0);
        }
      }
    } while (session.advance());
  }
  const seconds = (coreTime() - began - asideTime) / 1e6;
  const shown = [...tallies].filter(([, { lists }]) => lists > 0);
  return {
    sessions,
    turnsPerSession: turns / sessions,
    decisionsPerSecond: Math.round(shown.reduce((sum, [, { lists }]) => sum + lists, 0) / seconds),
    tasks: Object.fromEntries(shown.map(([task, tally]) => [task, tally.figures()])),
  };
}
