import { unlimited } from '@gqr/chassis/grpc/call';
import { describe, expect, it } from 'vitest';
import { ListIncompleteError } from '../errors.js';
import { FakeTokenModel, type NextCharacter } from '../testing/fake-token-model.js';
import { auxiliaryTask, sampleTask } from '../testing/sample-task.js';
import { seededRandom } from './seeded-random.js';
import { type ListOrder, type ListPiece, ListWriter } from './write-list.js';

async function write(model: FakeTokenModel, order: Partial<ListOrder> = {}): Promise<{ pieces: ListPiece[]; redraws: number }> {
  const prompt = model.tokenizer.encode('P');
  const sequence = await model.lend(prompt, unlimited);
  const full: ListOrder = {
    task: sampleTask,
    count: 3,
    excluded: new Set(),
    decoding: sampleTask.decoding,
    random: seededRandom(1n),
    ...order,
  };
  const writer = new ListWriter(full, sequence, model.tokenizer, prompt);
  const pieces: ListPiece[] = [];
  for await (const piece of writer.write()) pieces.push(piece);
  return { pieces, redraws: writer.cost.redraws };
}
const queriesOf = (pieces: readonly ListPiece[]): string[] => pieces.flatMap((piece) => (piece.kind === 'query' ? [piece.text] : []));
const lineOf = (text: string): string => text.slice(text.lastIndexOf('\n') + 1);

describe('a list', () => {
  it('has the auxiliary texts of the task and exactly the number of queries', async () => {
    const model = new FakeTokenModel((text) => {
      if (text.endsWith('Guide:')) return { ' ': 1 };
      if (text.endsWith('Guide: ')) return { H: 1 };
      if (text.endsWith('Suffix:')) return { '\n': 1 };
      const line = lineOf(text);
      return line === '' ? { [String.fromCodePoint(97 + text.split('\n').length)]: 1 } : { '\n': 1 };
    });
    const { pieces } = await write(model, { task: auxiliaryTask, count: 2 });
    expect(pieces).toEqual([
      { kind: 'auxiliary', name: 'guiding_sentence', text: 'H' },
      { kind: 'auxiliary', name: 'suffix', text: '' },
      { kind: 'query', text: 'd', logPropensity: 0 },
      { kind: 'query', text: 'e', logPropensity: 0 },
    ]);
  });

  it('goes on where the model would have ended too early', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.2, '': 0.8 } : { '': 0.9, a: 0.1 }));
    const { pieces } = await write(model);
    expect(new Set(queriesOf(pieces)).size).toBe(3);
    expect(queriesOf(pieces).every((query) => /^a+$/.test(query))).toBe(true);
  });

  it('never repeats itself, the query or what is excluded, however likely the model finds it', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.97, b: 0.01, c: 0.01, d: 0.01 } : { '\n': 0.9, x: 0.1 }));
    for (let seed = 0n; seed < 50n; seed++) {
      const { pieces } = await write(model, { excluded: new Set(['b']), random: seededRandom(seed) });
      const queries = queriesOf(pieces);
      expect(new Set(queries).size).toBe(3);
      expect(queries).not.toContain('b');
    }
  });

  it('looks further where all likely tokens are forbidden', async () => {
    const model = new FakeTokenModel(
      () => ({ '-': 1 }),
      (text) => (lineOf(text) === '' ? { '-': 0.9, z: 0.05, y: 0.03, x: 0.02 } : { '\n': 0.5, x: 0.5 }),
    );
    const { pieces } = await write(model);
    expect(queriesOf(pieces).map((query) => query[0])).toSatisfy((starts: string[]) => starts.every((start) => 'xyz'.includes(start)));
  });

  it('begins a line again from its start when it runs into a dead end, and says that its propensity is unknown', async () => {
    // "a" can only be followed by what is forbidden, "b" can end.
    const model = new FakeTokenModel((text) => {
      const line = lineOf(text);
      if (line === '') return { a: 0.5, b: 0.5 };
      return line === 'a' ? { '|': 1 } : { '\n': 1 };
    });
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, seed) => write(model, { count: 1, random: seededRandom(BigInt(seed)) }).catch(() => undefined)),
    );
    const written = results.filter((result) => result !== undefined);
    expect(written.every(({ pieces }) => queriesOf(pieces)[0] === 'b')).toBe(true);
    const [redrawn] = written.filter(({ redraws }) => redraws > 0);
    expect(redrawn?.pieces).toEqual([{ kind: 'query', text: 'b', logPropensity: undefined }]);
    const [direct] = written.filter(({ redraws }) => redraws === 0);
    expect(direct?.pieces).toEqual([{ kind: 'query', text: 'b', logPropensity: Math.log(0.5) }]);
  });

  it('says so when no allowed text can be found', async () => {
    const model = new FakeTokenModel(() => ({ '|': 1 }));
    await expect(write(model)).rejects.toThrow(ListIncompleteError);
  });

  it('is the most probable one at temperature 0', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.2, b: 0.5, c: 0.3 } : { '\n': 0.6, x: 0.4 }));
    const { pieces } = await write(model, { decoding: { ...sampleTask.decoding, temperature: 0 } });
    expect(pieces.map((piece) => (piece.kind === 'query' ? [piece.text, piece.logPropensity] : []))).toEqual([
      ['b', 0],
      ['bx', 0],
      ['bxx', 0],
    ]);
  });

  it('evaluates every token once', async () => {
    const model = new FakeTokenModel((text) => (lineOf(text) === '' ? { a: 0.4, b: 0.3, c: 0.3 } : { '\n': 0.5, x: 0.5 }));
    const { pieces } = await write(model);
    expect(model.advanced.join('')).toBe(`P${queriesOf(pieces).join('\n')}`);
  });
});

describe('the propensity of a list', () => {
  /** A model over a tiny vocabulary whose next token depends on what stands before. Lines grow longer with ever smaller probability. */
  const tiny: NextCharacter = (text) => {
    const line = lineOf(text);
    if (line === '') return { a: 0.5, b: 0.2, '\n': 0.2, '': 0.1 };
    if (line.length >= 2) return { '\n': 0.6, '': 0.3, b: 0.1 };
    return line === 'a' ? { a: 0.1, b: 0.3, '\n': 0.4, '': 0.2 } : { a: 0.6, '\n': 0.4 };
  };

  /** Probability that `line` is written when those in `before` must not be, worked out by hand from `tiny`. */
  const exact = (line: string, before: readonly string[]): number => {
    let p = line.startsWith('a') ? 5 / 7 : 2 / 7; // a line cannot end before it begins
    for (let at = 1; at <= line.length; at++) {
      const text = line.slice(0, at);
      const ends = text === 'a' ? 0.6 : text === 'b' ? 0.4 : 0.9;
      const mayEnd = !before.includes(text);
      if (at === line.length) p *= mayEnd ? ends : 0;
      else {
        const goesOn = text === 'a' ? (line[at] === 'a' ? 0.1 : 0.3) : text === 'b' ? 0.6 : 0.1;
        p *= mayEnd ? goesOn : goesOn / (1 - ends);
      }
    }
    return p;
  };

  it('is the probability with which it is really drawn', async () => {
    const draws = 10_000;
    const counts = new Map<string, number>();
    const model = new FakeTokenModel(tiny);
    for (let seed = 0; seed < draws; seed++) {
      const { pieces } = await write(model, { count: 2, random: seededRandom(BigInt(seed) * 7_919n) });
      const [first = '', second = ''] = queriesOf(pieces);
      const logged = pieces.map((piece) => (piece.kind === 'query' ? piece.logPropensity : undefined));
      expect(logged[0]).toBeCloseTo(Math.log(exact(first, [])), 9);
      expect(logged[1]).toBeCloseTo(Math.log(exact(second, [first])), 9);
      counts.set(`${first}|${second}`, (counts.get(`${first}|${second}`) ?? 0) + 1);
    }
    for (const list of ['a|b', 'b|a', 'a|ab', 'ab|a', 'a|aa', 'ba|a', 'b|ba', 'ab|b']) {
      const [first = '', second = ''] = list.split('|');
      const p = exact(first, []) * exact(second, [first]);
      // Five standard errors of a binomial share.
      expect(Math.abs((counts.get(list) ?? 0) / draws - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / draws));
    }
  });
});
