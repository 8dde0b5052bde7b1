import { describe, expect, it } from 'vitest';
import { RecommendationList } from './recommendation-list.js';

/** Texts of a list of `count` after all of `texts` were offered to a user who asked `asked`. */
function listed(texts: readonly string[], count = 8, asked: readonly string[] = []): string[] {
  const list = new RecommendationList(count, asked);
  for (const text of texts) list.offer(text, 'generation');
  return list.queries.map((query) => query.text);
}

describe('a list', () => {
  it('keeps the order in which queries were offered and stops at its length', () => {
    expect(listed(['b', 'a', 'c'], 2)).toEqual(['b', 'a']);
  });

  it('takes nothing twice, however it is written', () => {
    expect(listed(['Solar panels', ' solar  panels?', 'SOLAR PANELS!', 'ｓｏｌａｒ panels', 'solar panel'])).toEqual([
      'Solar panels',
      'solar panel',
    ]);
  });

  it('takes nothing that the user has asked', () => {
    expect(listed(['What is DNS?', 'dns over https'], 8, ['what is dns', 'DNS'])).toEqual(['dns over https']);
  });

  it('puts a text on one line', () => {
    expect(listed(['  how do\n\tI fix it '])).toEqual(['how do I fix it']);
  });

  it.each(['', '   ', '?!', 'a\u0000b', '\u001b[31mred', '\ud800', 'x'.repeat(2_001)])('does not take %j', (text) => {
    expect(listed([text])).toEqual([]);
  });

  it('cut short takes again what was cut off, and leaves the whole one as it is', () => {
    const whole = new RecommendationList(2, ['a']);
    whole.offer('b', 'generation', -1);
    whole.offer('c', 'generation', -2);
    const cut = whole.first(1);
    expect([cut.has('B'), cut.has('c'), cut.takes('c'), cut.takes('A'), cut.takes('b')]).toEqual([true, false, true, false, false]);
    cut.offer('C', 'cooccurrence');
    expect(cut.queries).toEqual([
      { text: 'b', source: 'generation', logPropensity: -1 },
      { text: 'C', source: 'cooccurrence', logPropensity: undefined },
    ]);
    expect(whole.queries.map(({ text }) => text)).toEqual(['b', 'c']);
  });

  it('says what became of an offer', () => {
    const list = new RecommendationList(1, []);
    expect(list.offer(' a ', 'popular', -1.5)).toEqual({ text: 'a', source: 'popular', logPropensity: -1.5 });
    expect(list.full).toBe(true);
    expect(list.offer('b', 'popular')).toBeUndefined();
  });
});
