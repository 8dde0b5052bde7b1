import { describe, expect, it } from 'vitest';
import { plainBehaviour, smallWorld, sourdough } from '../../../test/small-world.js';
import { RelevanceJudge } from '../relevance/relevance-judge.js';
import { TASK_IDS, type TaskId } from './behaviour.js';
import { Population } from './population.js';
import { SessionSource } from './session-source.js';

const ALL = new Set<TaskId>(TASK_IDS);
function sourceOf(tasks = ALL, seed = 1n, behaviour = plainBehaviour): SessionSource {
  const world = smallWorld();
  return new SessionSource(world, new RelevanceJudge(world), behaviour, { seed, users: 50, tasks });
}
/** Everything that a session asks when nothing is shown to it. */
function typed(source: SessionSource, index: number): string[] {
  const session = source.session(index);
  const queries = [session.turn.query];
  while (session.advance()) queries.push(session.turn.query);
  return [session.user.id, ...queries];
}
const sessions = (source: SessionSource, count: number): string[][] => Array.from({ length: count }, (_, index) => typed(source, index));

describe('a population', () => {
  it('is the same for the same seed, and another one for another seed', () => {
    expect(sessions(sourceOf(), 30)).toEqual(sessions(sourceOf(), 30));
    expect(sessions(sourceOf(), 30)).not.toEqual(sessions(sourceOf(ALL, 2n), 30));
  });

  it('does not change its users when there are more of them', () => {
    const few = new Population(1n, 5, plainBehaviour).users;
    expect(new Population(1n, 50, plainBehaviour).users.slice(0, 5)).toEqual(few);
  });

  it('has ids that say nothing about the person', () => {
    const segments = [
      { id: 'terse', share: 1, length: 0.5, questions: 1 },
      { id: 'plain', share: 1, length: 1, questions: 1 },
    ];
    const { users } = new Population(1n, 40, { ...plainBehaviour, segments });
    expect(new Set(users.map(({ segment }) => segment.id)).size).toBe(2);
    expect(users.every(({ id }) => /^u-[0-9a-f]{16}$/.test(id))).toBe(true);
  });

  it('sends the active ones more often', () => {
    const source = sourceOf();
    const visits = new Map<number, number>();
    for (let index = 0; index < 2_000; index++) {
      const { activity } = source.session(index).user;
      visits.set(activity, (visits.get(activity) ?? 0) + 1);
    }
    const byActivity = [...visits].sort(([a], [b]) => b - a).map(([, count]) => count);
    expect(byActivity[0]).toBeGreaterThan(5 * (byActivity.at(-1) ?? 0));
  });
});

describe('a session', () => {
  it('asks only what people type, in steps that the topic knows', () => {
    const known = new Set(sourdough.intents.flatMap(({ phrasings }) => phrasings));
    const about = sessions(sourceOf(new Set(['suggestion'])), 3_000).filter(([, query]) => known.has(query ?? ''));
    const after = about.filter(([, query]) => query === 'how to make a sourdough starter').map(([, , next]) => next);
    expect(new Set(after)).toEqual(
      new Set([
        undefined,
        'how often to feed sourdough starter',
        'sourdough feeding schedule',
        'pizza dough recipe',
        'how to knead pizza dough',
      ]),
    );
  });

  it('has only topics of the tasks that are asked for', () => {
    const queries = sessions(sourceOf(new Set(['clarification'])), 20).map(([, query]) => query);
    expect(new Set(queries)).toEqual(new Set(['birthday message for my boss']));
  });

  it('goes where a clicked query leads, as a recommendation, with the answer to it', () => {
    const eager = {
      ...plainBehaviour,
      layouts: { ...plainBehaviour.layouts, suggestion: { ...plainBehaviour.layouts.suggestion, strength: 100 } },
    };
    const source = sourceOf(new Set(['suggestion']), 1n, eager);
    const followed = Array.from({ length: 100 }, (_, index) => {
      const session = source.session(index);
      session.look('suggestion', [{ text: 'sourdough feeding schedule', query: 'sourdough feeding schedule' }]);
      return session.advance() ? session.turn : undefined;
    }).filter((turn) => turn?.origin === 'recommendation');
    expect(followed.length).toBeGreaterThan(20);
    expect(new Set(followed.map((turn) => turn?.query))).toEqual(new Set(['sourdough feeding schedule']));
    const answers = new Set(followed.map((turn) => turn?.response));
    expect(answers).toEqual(new Set([sourdough.intents[1]?.answer]));
    expect(followed.every((turn) => turn?.history.length === 1 && turn.seconds > 0)).toBe(true);
  });

  it('asks for a hint now and then, and only when nothing was clicked', () => {
    const source = sourceOf();
    const asked = Array.from({ length: 300 }, (_, index) => [...source.session(index).tasks(ALL)].join('+'));
    const count = (tasks: string): number => asked.filter((each) => each === tasks).length;
    expect(count('suggestion') + count('suggestion+hint') + count('clarification')).toBe(300);
    expect(count('suggestion+hint') / (count('suggestion') + count('suggestion+hint'))).toBeCloseTo(0.5, 1);
  });

  it('ends', () => {
    expect(Math.max(...sessions(sourceOf(), 500).map((queries) => queries.length - 1))).toBeLessThanOrEqual(10);
  });
});
