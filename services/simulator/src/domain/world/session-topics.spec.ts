import { describe, expect, it } from 'vitest';
import { plainBehaviour } from '../../../test/small-world.js';
import { SessionSource } from '../population/session-source.js';
import { RelevanceJudge } from '../relevance/relevance-judge.js';
import { topicsOfSessions } from './session-topics.js';
import { World } from './world.js';

const log = [
  ['how to knead dough', 'best flour for bread', 'bread machine price'],
  ['knead the dough how', 'bread machine price'],
  ['best flour for bread', 'bread machine price'],
  ['fix a flat tyre', 'bike pump'],
];
const sessions = log.map((queries, at) => ({ line: at + 1, queries }));

describe('a world made from sessions', () => {
  const topics = topicsOfSessions(sessions);

  it('has a topic for sessions that share a need, and the needs, wordings and frequencies of the log', () => {
    expect(topics.map(({ title, popularity, intents }) => [title, popularity, intents.length])).toEqual([
      ['how to knead dough', 3, 3],
      ['fix a flat tyre', 1, 2],
    ]);
    const [knead, flour, machine] = topics[0]?.intents ?? [];
    expect(knead).toMatchObject({ share: 2, phrasings: ['how to knead dough', 'knead the dough how'], leave: { weight: 0.5 } });
    expect(knead?.next).toEqual([
      { to: flour?.id, weight: 1 },
      { to: machine?.id, weight: 1 },
    ]);
    expect(flour).toMatchObject({ share: 1, next: [{ to: machine?.id, weight: 2 }] });
    expect(machine).toMatchObject({ share: 0, next: [], leave: { weight: 3.5 } });
  });

  it('is not joined by a query that everybody asks', () => {
    const everybody = Array.from({ length: 40 }, (_, at) => ({ line: at + 1, queries: [`question number ${at}`, 'weather'] }));
    expect(topicsOfSessions(everybody)).toHaveLength(40);
  });

  it('reads languages without blanks between their words', () => {
    const lines = [
      ['如何做面包', '最好的面粉', '面包机价格'],
      ['如何做面包', '面包机的价格'],
    ].map((queries, at) => ({ line: at + 1, queries }));
    const world = new World(topicsOfSessions(lines));
    const [topic] = world.searchTopics;
    const source = new SessionSource(world, new RelevanceJudge(world), plainBehaviour, {
      seed: 1n,
      users: 10,
      tasks: new Set(['suggestion']),
    });
    const sessions = Array.from({ length: 50 }, (_, index) => source.session(index)).filter(({ turn }) => turn.query === '如何做面包');
    const mean = (text: string): number =>
      sessions.reduce((sum, session) => sum + (session.clickProbabilities('suggestion', [{ text, query: text }])[0] ?? 0), 0) /
      sessions.length;
    expect(topic?.intents.length).toBeGreaterThanOrEqual(3);
    expect(mean('面包机价格')).toBeGreaterThan(0.03);
    expect(mean('汽车保险')).toBeLessThan(0.01);
  });

  it('has users who ask what the log has, in its order, and click what they need next', () => {
    const world = new World(topics);
    const source = new SessionSource(world, new RelevanceJudge(world), plainBehaviour, {
      seed: 1n,
      users: 10,
      tasks: new Set(['suggestion']),
    });
    const first = Array.from({ length: 200 }, (_, index) => source.session(index)).filter(
      ({ turn }) => turn.query === 'best flour for bread',
    );
    expect(first.length).toBeGreaterThan(10);
    const shown = [{ text: 'price of a bread machine', query: 'price of a bread machine' }];
    const other = [{ text: 'bike pump', query: 'bike pump' }];
    const mean = (list: typeof shown): number =>
      first.reduce((sum, session) => sum + (session.clickProbabilities('suggestion', list)[0] ?? 0), 0) / first.length;
    expect(mean(shown)).toBeGreaterThan(0.1);
    expect(mean(other)).toBeLessThan(0.01);
    const next = first.flatMap((session) => (session.advance() ? [session.turn.query] : []));
    expect(new Set(next)).toEqual(new Set(['bread machine price']));
  });
});
