import { describe, expect, it } from 'vitest';
import { standInPolicies } from '../src/domain/measure/stand-in-policies.js';
import type { Behaviour, TaskId } from '../src/domain/population/behaviour.js';
import { SessionSource } from '../src/domain/population/session-source.js';
import { randomFor } from '../src/domain/random/random.js';
import { RelevanceJudge } from '../src/domain/relevance/relevance-judge.js';
import { plainBehaviour, smallWorld, sourdough } from './small-world.js';

// What analysts find who have nothing but the log: who asked what, what was shown where, what was clicked.

interface LoggedList {
  readonly user: string;
  readonly query: string;
  readonly texts: readonly string[];
  readonly clicks: readonly number[];
}

const SUGGESTION = new Set<TaskId>(['suggestion']);
const world = smallWorld();
const judge = new RelevanceJudge(world);
const varied: Behaviour = {
  ...plainBehaviour,
  population: { ...plainBehaviour.population, neverClick: 0.1, appetiteSpread: 0.35 },
  layouts: { ...plainBehaviour.layouts, suggestion: { ...plainBehaviour.layouts.suggestion, strength: 0.3, noise: 0.01 } },
};

type Policy = (turn: { readonly query: string; readonly response: string }, random: () => number) => readonly string[];

function log(behaviour: Behaviour, seed: bigint, sessions: number, policy: Policy): LoggedList[] {
  const source = new SessionSource(world, judge, behaviour, { seed, users: 80, tasks: SUGGESTION });
  const lists: LoggedList[] = [];
  for (let index = 0; index < sessions; index++) {
    const session = source.session(index);
    const random = randomFor(seed, 'policy', index);
    const { query } = session.turn;
    const texts = policy(session.turn, random);
    const { clicks } = session.look(
      'suggestion',
      texts.map((text) => ({ text, query: text })),
    );
    lists.push({ user: session.user.id, query, texts, clicks });
  }
  return lists;
}

const QUERIES = [...sourdough.intents.flatMap(({ phrasings }) => phrasings), 'famous sourdough bread', 'bread without yeast'];
/** Any order: what is shown does not depend on where. */
const shuffled: Policy = (_, random) =>
  QUERIES.map((text) => ({ text, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, 4)
    .map(({ text }) => text);

interface Cell {
  readonly pair: string;
  readonly at: number;
  shown: number;
  clicked: number;
}

/** How often each query was looked at and clicked, by the query it was shown for and by position. */
function cellsOf(lists: readonly LoggedList[]): Cell[] {
  const cells = new Map<string, Cell>();
  for (const { query, texts, clicks } of lists) {
    // Nobody goes on after a click in this layout: what stands below it was not looked at.
    const until = clicks[0] ?? texts.length;
    for (const [at, text] of texts.slice(0, until).entries()) {
      const pair = `${query}\n${text}`;
      const cell = cells.get(`${pair}\n${at}`) ?? { pair, at, shown: 0, clicked: 0 };
      cells.set(`${pair}\n${at}`, cell);
      cell.shown++;
      cell.clicked += clicks.includes(at + 1) ? 1 : 0;
    }
  }
  return [...cells.values()];
}

/** Position-based model fitted by expectation maximisation (Chuklin, Markov and de Rijke 2015, section 4.3), first position at 1. */
function fitExamination(lists: readonly LoggedList[], positions: number): number[] {
  const cells = cellsOf(lists);
  let examined = Array.from({ length: positions }, () => 0.5);
  let attractive = new Map<string, number>();
  for (let round = 0; round < 300; round++) {
    const byPosition = Array.from({ length: positions }, () => ({ sum: 0, count: 0 }));
    const byPair = new Map<string, { sum: number; count: number }>();
    for (const { pair, at, shown, clicked } of cells) {
      const [seen, liked] = [examined[at] ?? 0, attractive.get(pair) ?? 0.3];
      const missed = (shown - clicked) / (1 - seen * liked);
      const ofPair = byPair.get(pair) ?? { sum: 0, count: 0 };
      byPair.set(pair, { sum: ofPair.sum + clicked + missed * (1 - seen) * liked, count: ofPair.count + shown });
      const ofPosition = byPosition[at];
      if (ofPosition === undefined) continue;
      ofPosition.sum += clicked + missed * seen * (1 - liked);
      ofPosition.count += shown;
    }
    examined = byPosition.map(({ sum, count }) => sum / count);
    attractive = new Map([...byPair].map(([pair, { sum, count }]) => [pair, sum / count]));
  }
  return examined.map((each) => each / (examined[0] ?? 1));
}

describe('what a log alone tells', () => {
  it('is the examination curve, by a position-based model fitted with expectation maximisation', () => {
    const curve = [1, 0.7, 0.45, 0.3];
    const suggestion = { ...varied.layouts.suggestion, examination: curve, strength: 0.9, continueAfterClick: 0 };
    // Redundancy makes what stands above matter, which a position-based model does not know.
    const behaviour: Behaviour = {
      ...varied,
      layouts: { ...varied.layouts, suggestion },
      clicks: { ...varied.clicks, redundancy: 0 },
    };
    const found = fitExamination(log(behaviour, 3n, 6_000, shuffled), 4);
    for (const [at, set] of curve.entries()) expect(Math.abs((found[at] ?? 0) - set)).toBeLessThan(0.08);
  }, 60_000);

  it('is which policy is the better one', () => {
    const policies = standInPolicies(world);
    const rate = (name: string): number => {
      const policy = policies[name];
      const show: Policy = (turn, random) =>
        (policy?.({ ...turn, history: [], origin: 'typed', seconds: 0 }, 'suggestion', random) ?? []).map(({ text }) => text);
      const lists = log(varied, 4n, 2_500, show);
      return lists.filter(({ clicks }) => clicks.length > 0).length / lists.length;
    };
    const rates = ['good', 'ordinary', 'poor'].map(rate);
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
    expect(rate('copies')).toBeLessThan(0.5 * (rates[2] ?? 0));
  }, 60_000);

  it('is no difference where there is none: a comparison of a policy with itself rejects at its nominal rate over 200 seeds', () => {
    let rejected = 0;
    for (let seed = 0; seed < 200; seed++) {
      const lists = log(varied, BigInt(1_000 + seed), 160, shuffled);
      // Users are randomised, and lists of one user are alike: the unit is the user (delta method for a ratio of sums).
      const users = new Map<string, { arm: number; lists: number; clicked: number }>();
      for (const { user, clicks } of lists) {
        const arm = randomFor(BigInt(seed), `arm ${user}`, 0)() < 0.5 ? 0 : 1;
        const sums = users.get(user) ?? { arm, lists: 0, clicked: 0 };
        users.set(user, { arm, lists: sums.lists + 1, clicked: sums.clicked + (clicks.length > 0 ? 1 : 0) });
      }
      const [a, b] = [0, 1].map((arm) => ratioOf([...users.values()].filter((user) => user.arm === arm)));
      const z = ((a?.rate ?? 0) - (b?.rate ?? 0)) / Math.sqrt((a?.variance ?? 0) + (b?.variance ?? 0));
      if (Math.abs(z) > 1.96) rejected++;
    }
    // 10 of 200 are expected; fewer than 3 or more than 19 come up in less than 1 of 100 runs of a right test.
    expect(rejected).toBeGreaterThanOrEqual(3);
    expect(rejected).toBeLessThanOrEqual(19);
  }, 60_000);
});

/** Clicked lists per list, and the variance of that, with users as independent units. */
function ratioOf(users: readonly { readonly lists: number; readonly clicked: number }[]): { rate: number; variance: number } {
  const lists = users.reduce((sum, user) => sum + user.lists, 0);
  const rate = users.reduce((sum, user) => sum + user.clicked, 0) / lists;
  const residuals = users.reduce((sum, user) => sum + (user.clicked - rate * user.lists) ** 2, 0);
  return { rate, variance: (residuals * users.length) / ((users.length - 1) * lists * lists) };
}
