import { describe, expect, it } from 'vitest';
import { describeFault } from './lint-topics.js';
import { parseSessionLines } from './session-lines.js';

const good = [
  'a1\thow to knead dough\tbest flour for bread',
  'a2\tbest flour for bread\tbread machine price',
  'a3\tfix a flat tyre\tbike pump',
];
const faults = (lines: (string | undefined)[]): string[] => parseSessionLines('log.tsv', [...good, ...lines]).faults.map(describeFault);

describe('a file of sessions', () => {
  it('is an id and the queries in order, or source, licence, id and the queries', () => {
    expect(parseSessionLines('log.tsv', good).sessions[0]).toEqual({ line: 1, queries: ['how to knead dough', 'best flour for bread'] });
    const wide = good.map((line) => `source\tMIT\t${line}`);
    expect(parseSessionLines('log.tsv', wide).sessions).toEqual(parseSessionLines('log.tsv', good).sessions);
    const bare = good.map((line) => line.slice(3));
    expect(parseSessionLines('log.tsv', bare).sessions).toEqual(parseSessionLines('log.tsv', good).sessions);
  });

  it('may be in a language without blanks between its words', () => {
    const lines = ['a1\t如何做面包\t最好的面粉', 'a2\t最好的面粉\t面包机价格'];
    expect(parseSessionLines('log.tsv', lines).sessions.map(({ queries }) => queries)).toEqual([
      ['如何做面包', '最好的面粉'],
      ['最好的面粉', '面包机价格'],
    ]);
  });

  it.each([
    ['too few queries', 'a4\tonly one query', 'has 1 queries; a session needs at least 2; remove the line'],
    ['an empty query', 'a4\tsome query\t\tanother query', 'query 2 is empty; remove the tab before it or the line'],
    ['a query without a letter', 'a4\tsome query\t???', 'query 2 ("???") has no letter or digit; remove it'],
    ['control characters', 'a4\tsome query\tanother \u0007 query', 'query 2 holds control or replacement characters; remove them'],
    ['a query that repeats', 'a4\tsome query\tSome query ', 'query 2 ("Some query ") repeats the one before it; remove one of the two'],
    ['an endless query', `a4\tsome query\t${'word '.repeat(120)}`, 'query 2 has 600 characters; shorten it to 500 or remove the line'],
    ['a line that is there twice', good[0], 'is line 1 again; remove one of the two'],
    ['a line that is not UTF-8', undefined, 'is not valid UTF-8; save the file as UTF-8 or remove the line'],
  ])('names %s, with file, line and remedy, and goes on without it', (_, line, fault) => {
    expect(faults([line])).toEqual([`log.tsv:4: ${fault}`]);
    expect(parseSessionLines('log.tsv', [...good, line]).sessions).toHaveLength(3);
  });

  it('is refused when nothing is left of it', () => {
    expect(parseSessionLines('log.tsv', ['']).faults.map(describeFault)).toEqual([
      expect.stringContaining('log.tsv:1: has no session; write one a line'),
    ]);
  });
});
