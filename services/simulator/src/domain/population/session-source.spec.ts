import { describe, expect, it } from 'vitest';
import { plainBehaviour, smallWorld } from '../../../test/small-world.js';
import { RelevanceJudge } from '../relevance/relevance-judge.js';
import type { Behaviour, WorldEvent } from './behaviour.js';
import type { Session } from './session.js';
import { SessionSource } from './session-source.js';

const world = smallWorld();
const judge = new RelevanceJudge(world);
const sourceOf = (change: Partial<Behaviour>): SessionSource =>
  new SessionSource(world, judge, { ...plainBehaviour, ...change }, { seed: 1n, users: 50, tasks: new Set(['suggestion']) });
const sessionsOn = (source: SessionSource, day: number, count = 400): Session[] =>
  Array.from({ length: count }, (_, index) => source.session(index, day));
const aboutPizza = (sessions: readonly Session[]): number =>
  sessions.filter(({ turn }) => turn.query.includes('pizza')).length / sessions.length;
const list = [{ text: 'cheap flights to lisbon', query: 'cheap flights to lisbon' }];

describe('a world that changes', () => {
  it('is the same on every day unless something is switched on', () => {
    const source = sourceOf({});
    const seen = (day: number) => sessionsOn(source, day, 50).map(({ user, turn }) => [user, turn.query]);
    expect(seen(20)).toEqual(seen(0));
  });

  it('moves the tastes of all segments from day to day', () => {
    const drift = { lengthPerDay: -0.1, questionsPerDay: 0.05, topicSwing: 0, topicPeriodDays: 14 };
    const { segment } = sourceOf({ drift }).session(0, 3).user;
    expect(segment.length).toBeCloseTo(0.9 ** 3);
    expect(segment.questions).toBeCloseTo(1.05 ** 3);
  });

  it('lets topics come and go', () => {
    const source = sourceOf({ drift: { lengthPerDay: 0, questionsPerDay: 0, topicSwing: 1.5, topicPeriodDays: 8 } });
    const shares = Array.from({ length: 8 }, (_, day) => aboutPizza(sessionsOn(source, day)));
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.3);
    expect(aboutPizza(sessionsOn(source, 8))).toBe(shares[0]);
  });

  it('has a topic come up more often while it trends, and not before or after', () => {
    const trend: WorldEvent = { kind: 'trend', topic: 'pizza', fromDay: 2, toDay: 4, factor: 9 };
    const source = sourceOf({ events: [trend] });
    const [before, during, after] = [1.9, 2, 4].map((day) => aboutPizza(sessionsOn(source, day)));
    expect(before).toBeCloseTo(0.5, 1);
    expect(during).toBeCloseTo(0.9, 1);
    expect(after).toBe(before);
  });

  it('follows few scripts if it is told to, whoever comes and whatever they click', () => {
    const world = smallWorld();
    const source = new SessionSource(world, judge, plainBehaviour, {
      seed: 1n,
      users: 50,
      tasks: new Set(['suggestion', 'hint']),
      scripts: 4,
    });
    const sessions = Array.from({ length: 200 }, (_, index) => source.session(index));
    expect(new Set(sessions.map(({ user }) => user.id)).size).toBeGreaterThan(20);
    const courses = sessions.map((session) => {
      const course = [session.turn.query, ...session.tasks(new Set(['suggestion', 'hint']))];
      while (session.advance()) course.push(session.turn.query, ...session.tasks(new Set(['suggestion', 'hint'])));
      return course;
    });
    // Users leave when they like; what they ask until then is one of four courses.
    const longest = courses.filter(
      (course) => !courses.some((other) => other.length > course.length && other.join().startsWith(course.join())),
    );
    expect(new Set(longest.map((course) => course.join())).size).toBeLessThanOrEqual(4);
    expect(new Set(courses.map((course) => course.join())).size).toBeGreaterThan(2);
  });

  it('has a wave of bots that click anything, in haste and under few ids, among people who behave as ever', () => {
    const wave: WorldEvent = { kind: 'bots', fromDay: 1, toDay: 2, share: 0.4, clicks: 1 };
    const [calm, stormy] = [sourceOf({}), sourceOf({ events: [wave] })].map((source) => sessionsOn(source, 1.5, 300));
    const bots = (stormy ?? []).filter(({ user }) => user.robot !== undefined);
    expect(bots.length / 300).toBeCloseTo(0.4, 1);
    expect(new Set(bots.map(({ user }) => user.id)).size).toBeLessThanOrEqual(5);
    const looks = bots.map((session) => session.look('suggestion', list));
    expect(looks.every(({ clicks, seconds }) => clicks.length === 1 && seconds < 5)).toBe(true);
    const people = (stormy ?? []).flatMap(({ user, turn }, at) => (user.robot === undefined ? [[at, user, turn.query]] : []));
    expect(people).toEqual(people.map(([at]) => [at, calm?.[Number(at)]?.user, calm?.[Number(at)]?.turn.query]));
  });
});
