import { expect, it } from 'vitest';
import { randomFor } from '../random/random.js';
import { drawPanel, type PanelSource } from './panel.js';

const lists: PanelSource[] = [
  { task: 'hint', query: 'rice', at: 1, texts: ['a', 'b', 'rice'] },
  { task: 'hint', query: 'rice', at: 2, texts: ['c'] },
  { task: 'hint', query: 'soup', at: 3, texts: ['d', 'e', 'f'] },
  { task: 'hint', query: 'seldom', at: 4, texts: ['g'] },
  { task: 'suggestion', query: 'rice', at: 5, texts: ['x', 'y', 'z'] },
];
const options = { from: 0, situations: 10, candidates: 5, own: 3 };
const draw = (more: Partial<typeof options>) => drawPanel(lists, { ...options, ...more }, randomFor(1n, 'panel', 0));

it('puts what was shown for a query beside what was shown for others of its task', () => {
  const drawn = draw({});
  expect(drawn.map(({ list }) => list.query).sort()).toEqual(['rice', 'soup']);
  for (const { list, texts } of drawn) {
    const own = list.query === 'rice' ? ['a', 'b', 'c'] : ['d', 'e', 'f'];
    expect(new Set(texts).size).toBe(5);
    expect(texts).toEqual(expect.arrayContaining(own));
    for (const text of ['x', 'y', 'z', list.query]) expect(texts).not.toContain(text);
  }
});

it('takes situations of the later part alone, candidates of the whole, and no more than asked for', () => {
  expect(draw({ from: 3 }).map(({ list }) => list.query)).toEqual(['soup']);
  expect(draw({ from: 2 }).find(({ list }) => list.query === 'rice')?.texts).toEqual(expect.arrayContaining(['a', 'b', 'c']));
  expect(draw({ situations: 1 })).toHaveLength(1);
  expect(draw({ candidates: 3 })).toHaveLength(3);
});
