import { describe, expect, it } from 'vitest';
import { blocksOf, spansOf } from './blocks.js';

describe('blocks of an answer', () => {
  it('are paragraphs at blank lines, with line breaks kept inside', () => {
    expect(blocksOf('Best,\nAlex\n\n\nP.S. later\r\n')).toEqual([
      { kind: 'paragraph', text: 'Best,\nAlex' },
      { kind: 'paragraph', text: 'P.S. later' },
    ]);
  });

  it('are lists, of one kind each', () => {
    expect(blocksOf('Try:\n- one\n* two\n1. first\n\n2) second')).toEqual([
      { kind: 'paragraph', text: 'Try:' },
      { kind: 'list', ordered: false, items: ['one', 'two'] },
      { kind: 'list', ordered: true, items: ['first', 'second'] },
    ]);
  });

  it('are headings and code, the latter as it is', () => {
    expect(blocksOf('## What to do\n```sh\ngit  reset # now\n- not a list\n```\ndone')).toEqual([
      { kind: 'heading', text: 'What to do' },
      { kind: 'code', text: 'git  reset # now\n- not a list' },
      { kind: 'paragraph', text: 'done' },
    ]);
  });

  it('take code that is not closed to the end, and an empty text for nothing', () => {
    expect(blocksOf('```\nleft open')).toEqual([{ kind: 'code', text: 'left open' }]);
    expect(blocksOf(' \n ')).toEqual([]);
  });

  it('leave HTML as text', () => {
    expect(blocksOf('<img src=x onerror=alert(1)>')).toEqual([{ kind: 'paragraph', text: '<img src=x onerror=alert(1)>' }]);
  });
});

describe('spans of a line', () => {
  it('are strong, code and the text between', () => {
    expect(spansOf('use **soap** or `git`')).toEqual([
      { kind: 'text', text: 'use ' },
      { kind: 'strong', text: 'soap' },
      { kind: 'text', text: ' or ' },
      { kind: 'code', text: 'git' },
    ]);
  });

  it('leave lone marks alone', () => {
    expect(spansOf('2 ** 3 and ` and ****')).toEqual([{ kind: 'text', text: '2 ** 3 and ` and ****' }]);
  });
});
