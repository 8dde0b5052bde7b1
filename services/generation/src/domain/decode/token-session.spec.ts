import { unlimited } from '@gqr/chassis/grpc/call';
import { describe, expect, it } from 'vitest';
import type { DrawnLine, PromptSession } from '../backend/language-backend.js';
import { auxiliaryLine, queryLine } from '../prompt/response-lines.js';
import type { Decoding, Task } from '../tasks/task.js';
import { FakeTokenModel, type NextCharacter } from '../testing/fake-token-model.js';
import { auxiliaryTask, sampleTask } from '../testing/sample-task.js';
import { TokenPolicy } from './token-policy.js';

interface Order {
  readonly task: Task;
  readonly count: number;
  readonly excluded: ReadonlySet<string>;
  readonly decoding: Decoding;
  readonly seed: bigint;
}

function lend(model: FakeTokenModel): Promise<PromptSession> {
  return new TokenPolicy(model).lend({ text: 'P', tokens: model.vocabulary.encode('P') }, unlimited);
}

async function write(model: FakeTokenModel, order: Partial<Order> = {}): Promise<DrawnLine[]> {
  const session = await lend(model);
  const { task, count, excluded, decoding, seed }: Order = {
    task: sampleTask,
    count: 3,
    excluded: new Set(),
    decoding: sampleTask.decoding,
    seed: 1n,
    ...order,
  };
  const lines = [...task.auxiliaryTexts.map(auxiliaryLine), ...Array.from({ length: count }, () => queryLine(task, '', excluded))];
  const drawn: DrawnLine[] = [];
  for await (const line of session.write({ given: [], lines, decoding, seed, ends: true })) drawn.push(line);
  return drawn;
}

const textsOf = (lines: readonly DrawnLine[]): string[] => lines.map(({ text }) => text);
const lineOf = (text: string): string => text.slice(text.lastIndexOf('\n') + 1);

describe('a list', () => {
  it('has the lines that were asked for, in their order', async () => {
    const model = new FakeTokenModel((text) => {
      if (text.endsWith('Guide:')) return { ' ': 1 };
      if (text.endsWith('Guide: ')) return { H: 1 };
      if (text.endsWith('Suffix:')) return { '\n': 1 };
      const line = lineOf(text);
      return line === '' ? { [String.fromCodePoint(97 + text.split('\n').length)]: 1 } : { '\n': 1 };
    });
    expect(textsOf(await write(model, { task: auxiliaryTask, count: 2 }))).toEqual(['H', '', 'd', 'e']);
  });

  it('goes on where the model would have ended too early', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.2, '': 0.8 } : { '': 0.9, a: 0.1 }));
    const queries = textsOf(await write(model));
    expect(new Set(queries).size).toBe(3);
    expect(queries.every((query) => /^a+$/.test(query))).toBe(true);
  });

  it('never repeats itself or what is excluded, however likely the model finds it', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.97, b: 0.01, c: 0.01, d: 0.01 } : { '\n': 0.9, x: 0.1 }));
    for (let seed = 0n; seed < 50n; seed++) {
      const queries = textsOf(await write(model, { excluded: new Set(['b']), seed }));
      expect(new Set(queries).size).toBe(3);
      expect(queries).not.toContain('b');
    }
  });

  it('begins again rather than stick on to a repetition what the model would not', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.7, b: 0.1, c: 0.1, d: 0.1 } : { '\n': 0.9, x: 0.1 }));
    const lists = await Promise.all(Array.from({ length: 50 }, (_, seed) => write(model, { seed: BigInt(seed) })));
    const stuckOn = lists.flat().filter(({ text }) => text === 'ax');
    // One draw in ten behind the first "a" is the model's own "ax".
    expect(stuckOn.length).toBeLessThan(20);
    expect(lists.flat().some(({ redraws, logPropensity }) => redraws > 0 && logPropensity === undefined)).toBe(true);
  });

  it('looks further where all likely tokens are forbidden', async () => {
    const model = new FakeTokenModel(
      () => ({ '-': 1 }),
      (text) => (lineOf(text) === '' ? { '-': 0.9, z: 0.05, y: 0.03, x: 0.02 } : { '\n': 0.5, x: 0.5 }),
    );
    expect(textsOf(await write(model)).map(([start]) => start)).toSatisfy((starts: string[]) =>
      starts.every((start) => 'xyz'.includes(start)),
    );
  });

  it('begins a line again from its start when it runs into a dead end, and says that its propensity is unknown', async () => {
    // "a" can only be followed by what is forbidden, "b" can end.
    const model = new FakeTokenModel((text) => {
      const line = lineOf(text);
      if (line === '') return { a: 0.5, b: 0.5 };
      return line === 'a' ? { '|': 1 } : { '\n': 1 };
    });
    const lines: DrawnLine[] = [];
    for (let seed = 0n; seed < 40n; seed++) lines.push(...(await write(model, { count: 1, seed })));
    expect(new Set(textsOf(lines))).toEqual(new Set(['b']));
    expect(lines.find(({ redraws }) => redraws > 0)).toMatchObject({ text: 'b', logPropensity: undefined, tokens: 2, redraws: 1 });
    expect(lines.find(({ redraws }) => redraws === 0)).toMatchObject({ text: 'b', logPropensity: Math.log(0.5), tokens: 1, redraws: 0 });
  });

  it('ends early when no allowed text can be found', async () => {
    expect(await write(new FakeTokenModel(() => ({ '|': 1 })))).toEqual([]);
  });

  it('is the most probable one at temperature 0, of those that begin otherwise where it would repeat itself', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.2, b: 0.5, c: 0.3 } : { '\n': 0.6, x: 0.4 }));
    const lines = await write(model, { decoding: { ...sampleTask.decoding, temperature: 0 } });
    expect(lines.map(({ text, logPropensity }) => [text, logPropensity])).toEqual([
      ['b', 0],
      ['c', undefined],
      ['a', undefined],
    ]);
  });

  it('evaluates every token once', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.4, b: 0.3, c: 0.3 } : { '\n': 0.5, x: 0.5 }));
    const lines = await write(model);
    expect(model.advanced.join('')).toBe(`P${textsOf(lines).join('\n')}`);
  });

  it('goes on behind lines that are given, and reads of them only what it does not know', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { [text === '' ? 'a' : 'b']: 1 } : { '\n': 1 }));
    const session = await lend(model);
    const order = { lines: [queryLine(sampleTask, '', new Set())], decoding: sampleTask.decoding, seed: 1n, ends: false };
    for await (const { text } of session.write({ ...order, given: [] })) expect(text).toBe('a');
    for await (const { text } of session.write({ ...order, given: ['a'] })) expect(text).toBe('b');
    expect(model.advanced).toEqual(['P', 'a', '\n', 'b']);
  });
});

/** A model over a tiny vocabulary whose next token depends on what stands before. */
const tiny: NextCharacter = (text) => {
  const line = lineOf(text);
  if (line === '') return text === '' ? { a: 0.5, b: 0.2, '\n': 0.2, '': 0.1 } : { a: 0.3, b: 0.4, '': 0.3 };
  if (line.length >= 2) return { '\n': 0.6, '': 0.3, b: 0.1 };
  return line === 'a' ? { a: 0.1, b: 0.3, '\n': 0.4, '': 0.2 } : { a: 0.6, '\n': 0.4 };
};
const tinyTask: Task = { ...sampleTask, query: { ...sampleTask.query, maxCharacters: 3 } };

/** Every list of `count` lines with the probability of each of its lines, enumerated from the model and the rules alone. */
function enumerate(count: number, before: readonly string[] = []): { lines: string[]; probabilities: number[] }[] {
  if (before.length === count) return [{ lines: [], probabilities: [] }];
  const given = before.map((line) => `${line}\n`).join('');
  const found: { line: string; p: number }[] = [];
  const grow = (line: string, p: number): void => {
    const next = Object.entries(tiny(given + line));
    const ends = (character: string): boolean => character === '' || character === '\n';
    // A repetition that the model would rather end than go on from is given up.
    const wouldEnd = next.reduce((sum, [character, q]) => (ends(character) ? sum + q : sum), 0);
    if (before.includes(line) && wouldEnd >= 0.5) return;
    const allowed = next.filter(([character]) =>
      ends(character) ? line !== '' && !before.includes(line) : line.length < tinyTask.query.maxCharacters,
    );
    const total = allowed.reduce((sum, [, q]) => sum + q, 0);
    const end = allowed.reduce((sum, [character, q]) => (ends(character) ? sum + q : sum), 0);
    if (end > 0) found.push({ line, p: (p * end) / total });
    for (const [character, q] of allowed) if (!ends(character)) grow(line + character, (p * q) / total);
  };
  grow('', 1);
  return found.flatMap(({ line, p }) =>
    enumerate(count, [...before, line]).map(({ lines, probabilities }) => ({
      lines: [line, ...lines],
      probabilities: [p, ...probabilities],
    })),
  );
}

describe('a completion', () => {
  const completing: Task = { ...sampleTask, query: { ...sampleTask.query, completes: true } };
  const model = (): FakeTokenModel =>
    new FakeTokenModel((text) =>
      text.endsWith('r') || text.endsWith('y') ? { y: 0.5, e: 0.25, '\n': 0.25 } : { f: 0.25, r: 0.25, x: 0.25, ' ': 0.25 },
    );
  const complete = async (userQuery: string, beginningKnown: FakeTokenModel): Promise<DrawnLine | undefined> => {
    const session = await lend(beginningKnown);
    const lines = [queryLine(completing, userQuery, new Set())];
    for await (const line of session.write({ given: [], lines, decoding: sampleTask.decoding, seed: 4n, ends: true })) return line;
    return undefined;
  };

  it('begins with what the user typed, of which the whole words are given and the last one is drawn', async () => {
    const line = await complete('to fr', model());
    expect(line?.text).toMatch(/^to fr[ye]/);
    // Only one token is allowed until the beginning is complete; then the end is not, at first: 2/3 or 1/3, and so on.
    expect(line?.tokens).toBe((line?.text.length ?? 0) - 'to'.length);
  });

  it('reads the given words at once', async () => {
    const fake = model();
    await complete('to fr', fake);
    expect(fake.advanced[0]).toBe('Pto');
  });
});

describe('the propensity of a list', () => {
  const exact = new Map(enumerate(2).map(({ lines, probabilities }) => [lines.join('|'), probabilities]));
  const total = [...exact.values()].reduce((sum, [first = 0, second = 0]) => sum + first * second, 0);

  it('is that of its enumeration, and that with which it is really drawn', async () => {
    const draws = 6_000;
    const counts = new Map<string, number>();
    const model = new FakeTokenModel(tiny);
    for (let seed = 0; seed < draws; seed++) {
      const lines = await write(model, { task: tinyTask, count: 2, seed: BigInt(seed) * 7_919n });
      const known = lines.every(({ redraws }) => redraws === 0);
      const list = known ? textsOf(lines).join('|') : 'redrawn';
      counts.set(list, (counts.get(list) ?? 0) + 1);
      const logged = lines.map(({ logPropensity }) => logPropensity);
      if (known) exact.get(list)?.forEach((p, k) => expect(logged[k]).toBeCloseTo(Math.log(p), 9));
      else expect(logged).toContain(undefined);
    }
    // Lists that ran into a dead end have no propensity; the others' add up to the rest.
    expect(total).toBeGreaterThan(0.7);
    expect(total).toBeLessThan(1);
    const expected = new Map([...exact].map(([list, [first = 0, second = 0]]) => [list, first * second]));
    for (const [list, p] of [...expected, ['redrawn', 1 - total] as const]) {
      // Five standard errors of a binomial share, and one list of slack for the rarest.
      expect(Math.abs((counts.get(list) ?? 0) / draws - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / draws) + 1 / draws);
    }
    expect([...counts.keys()].filter((list) => list !== 'redrawn' && !exact.has(list))).toEqual([]);
  });

  it('takes temperature and penalties from the distribution that the model shaped', async () => {
    const shapes: number[][] = [];
    const model = new FakeTokenModel(
      (text) => (lineOf(text) === '' ? { a: 0.5, b: 0.5 } : { '\n': 1 }),
      undefined,
      ({ temperature, presencePenalty, punished }) => shapes.push([temperature, presencePenalty, punished.length]),
    );
    await write(model, { count: 2, decoding: { ...sampleTask.decoding, temperature: 0.5, diversity: 1.5 } });
    expect(shapes).toEqual([
      [0.5, 1.5, 0],
      [0.5, 1.5, 1],
      [0.5, 1.5, 1],
      [0.5, 1.5, 2],
    ]);
  });
});

describe('candidates', () => {
  const order = { given: [], line: queryLine(tinyTask, '', new Set()), decoding: sampleTask.decoding, seed: 3n, ends: false };
  /** Log-probability of a line and its separator at temperature 1 and without a grammar. */
  const raw = (line: string): number =>
    [...Array.from(line), '\n'].reduce((sum, character, at) => sum + Math.log(tiny(line.slice(0, at))[character] ?? 0), 0);

  it('are distinct, with the log-probability that the model itself gives them', async () => {
    const session = await lend(new FakeTokenModel(tiny));
    const candidates = await session.propose({ ...order, candidates: 5, search: { kind: 'sample' } });
    expect(new Set(candidates.map(({ text }) => text)).size).toBe(5);
    for (const { text, logProbability } of candidates) expect(logProbability).toBeCloseTo(raw(text), 9);
    expect(candidates.map(({ logProbability }) => logProbability)).toEqual(
      candidates.map(({ logProbability }) => logProbability).sort((a, b) => b - a),
    );
  });

  it('are scored as a whole response is: it is the sum of its parts', async () => {
    const session = await lend(new FakeTokenModel(tiny));
    const [first] = await session.propose({ ...order, candidates: 1, search: { kind: 'sample' } });
    const [second] = await session.propose({ ...order, given: [first?.text ?? ''], candidates: 1, search: { kind: 'sample' }, ends: true });
    const scored = await session.score([first?.text ?? '', second?.text ?? '']);
    expect(scored[0]?.logProbability).toBeCloseTo(first?.logProbability ?? NaN, 9);
    expect(scored[1]?.logProbability).toBeCloseTo(second?.logProbability ?? NaN, 9);
  });

  it('of a beam search are the best lines there are', async () => {
    const session = await lend(new FakeTokenModel(tiny));
    const search = { kind: 'diverse-beam', groups: 1, similarityPenalty: 0 } as const;
    const found = await session.propose({ ...order, candidates: 4, search });
    const best = enumerate(1)
      .map(({ lines: [line = ''], probabilities: [p = 0] }) => ({ line, value: Math.log(p) / (line.length + 1) ** 0.6 }))
      .sort((a, b) => b.value - a.value)
      .slice(0, 4)
      .map(({ line }) => line);
    expect(new Set(found.map(({ text }) => text))).toEqual(new Set(best));
  });

  it('of diverse groups share less the larger the penalty is', async () => {
    const model = new FakeTokenModel((text) => {
      const line = lineOf(text);
      if (line === '') return { a: 0.5, b: 0.2, c: 0.3 };
      return line.length < 3 ? { [line[0] ?? '']: 0.5, x: 0.3, '\n': 0.2 } : { '\n': 1 };
    });
    const starts = async (similarityPenalty: number): Promise<number> => {
      const session = await lend(model);
      const search = { kind: 'diverse-beam', groups: 3, similarityPenalty } as const;
      return new Set((await session.propose({ ...order, candidates: 3, search })).map(({ text }) => text[0])).size;
    };
    expect(await starts(0)).toBe(1);
    expect(await starts(5)).toBe(3);
  });

  it('are fewer when the rule leaves no more', async () => {
    const session = await lend(new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.5, b: 0.5 } : { '\n': 1 })));
    expect(await session.propose({ ...order, candidates: 9, search: { kind: 'sample' } })).toHaveLength(2);
    const search = { kind: 'diverse-beam', groups: 3, similarityPenalty: 1 } as const;
    expect(await session.propose({ ...order, candidates: 9, search })).toHaveLength(2);
  });
});
