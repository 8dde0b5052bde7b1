import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBehaviour } from '../src/adapters/yaml/behaviour-file.js';
import { readLanguage, readTopics } from '../src/adapters/yaml/topic-files.js';
import { measurePolicy } from '../src/domain/measure/measure-policy.js';
import { standInPolicies } from '../src/domain/measure/stand-in-policies.js';
import { TASK_IDS } from '../src/domain/population/behaviour.js';
import { SessionSource } from '../src/domain/population/session-source.js';
import { RelevanceJudge } from '../src/domain/relevance/relevance-judge.js';
import { describeFault } from '../src/domain/world/lint-topics.js';
import { splitOf } from '../src/domain/world/split.js';
import { World } from '../src/domain/world/world.js';
import { WORLD_DIR } from './shipped-world.js';

const { topics, faults } = readTopics(WORLD_DIR);
const world = new World(
  topics.map(({ topic }) => topic),
  readLanguage(WORLD_DIR),
);
const judge = new RelevanceJudge(world);

describe('the world that ships', () => {
  it('has no fault', () => {
    expect(faults.map(describeFault)).toEqual([]);
  });

  it('keeps about a fifth of its topics, over many domains and of both kinds, for evaluation', () => {
    const held = world.of('evaluation');
    expect(held.length / world.topics.length).toBeGreaterThan(0.14);
    expect(held.length / world.topics.length).toBeLessThan(0.26);
    expect(new Set(held.map(({ domain }) => domain)).size).toBeGreaterThan(10);
    expect(new Set(held.map(({ kind }) => kind)).size).toBe(2);
    expect(splitOf('home-wifi-slow')).toBe('evaluation');
    expect(splitOf('roth-ira')).toBe('training');
  });
});

/** Labelled texts: which of a scene's needs each expresses. */
function* labelled(of: World): Generator<{ text: string; fits: readonly number[]; truths: readonly boolean[] }> {
  const lines = readFileSync(new URL('../../test/relevance-pairs.tsv', import.meta.url), 'utf8').split('\n');
  for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
    const [scene = '', text = '', wanted = ''] = line.split('\t');
    const [topicId = '', requestId] = scene.split('/');
    const topic = of.topic(topicId);
    const request = topic?.kind === 'writing' ? topic.requests.find(({ id }) => id === requestId) : undefined;
    const needs = topic?.kind === 'search' ? topic.intents : (request?.facets ?? []);
    const { fits } = topic?.kind === 'search' ? judge.intents(topic, text) : request ? judge.facets(request, text) : { fits: [] };
    yield { text, fits, truths: needs.map(({ id }) => wanted.split('|').includes(id)) };
  }
}

describe('relevance as judged against hand-labelled texts', () => {
  const pairs = [...labelled(world)].flatMap(({ fits, truths }) => fits.map((fit, at) => ({ found: fit >= 0.5, true: truths[at] })));
  const share = (among: typeof pairs, of: (pair: (typeof pairs)[number]) => boolean | undefined): number =>
    among.filter(of).length / among.length;

  it('covers the labels: every scene and every need named in them exists', () => {
    const texts = [...labelled(world)];
    expect(texts.filter(({ fits }) => fits.length === 0)).toEqual([]);
    expect(texts.filter(({ truths }) => truths.includes(true)).length).toBe(184);
  });

  it('finds what people mean, and little that they do not mean', () => {
    const recall = share(
      pairs.filter((pair) => pair.true),
      (pair) => pair.found,
    );
    const precision = share(
      pairs.filter((pair) => pair.found),
      (pair) => pair.true,
    );
    expect(recall).toBeGreaterThan(0.88);
    expect(precision).toBeGreaterThan(0.88);
  });
});

describe('simulated users in the world that ships', () => {
  const tasks = new Set(TASK_IDS);
  const training = world.only('training');
  const source = new SessionSource(training, judge, readBehaviour(WORLD_DIR), { seed: 3n, users: 300, tasks });
  const figures = Object.fromEntries(
    Object.entries(standInPolicies(training)).map(([name, policy]) => [
      name,
      measurePolicy(source, policy, name === 'ordinary' ? 1_500 : 500, tasks),
    ]),
  );
  const rate = (policy: string, task: (typeof TASK_IDS)[number]): number => figures[policy]?.tasks[task]?.expectedClickRate ?? Number.NaN;

  it('click an ordinary policy about as often as the paper reports: 12%, 23%, 7%', () => {
    const rates = TASK_IDS.map((task) => rate('ordinary', task));
    for (const [at, paper] of [0.12, 0.23, 0.07].entries()) expect(Math.abs((rates[at] ?? 0) / paper - 1)).toBeLessThan(0.2);
  });

  it.each(TASK_IDS)('rank policies of known quality rightly (%s)', (task) => {
    const rates = ['good', 'ordinary', 'poor', 'unrelated'].map((policy) => rate(policy, task));
    expect(rates).toEqual([...rates].sort((a, b) => b - a));
    expect(rates[0]).toBeGreaterThan(2 * (rates[3] ?? 1));
  });

  it.each(['copies', 'stuffed', 'longWinded', 'echoes', 'assistantVoice'])('do not fall for %s', (trick) => {
    for (const task of TASK_IDS) expect(rate(trick, task)).toBeLessThan(0.75 * rate('ordinary', task));
  });

  it('do not fall for lists that say one good thing again and again', () => {
    for (const task of ['suggestion', 'clarification'] as const) {
      expect(rate('repetitive', task)).toBeLessThan(0.75 * rate('ordinary', task));
      expect(rate('repetitive', task)).toBeLessThan(0.6 * rate('good', task));
    }
  });

  it('come for short sessions', () => {
    expect(figures['ordinary']?.turnsPerSession).toBeGreaterThan(2.1);
    expect(figures['ordinary']?.turnsPerSession).toBeLessThan(2.9);
  });
});
