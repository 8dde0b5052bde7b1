import { describe, expect, it } from 'vitest';
import { judge, type LineRule, obeys } from './line-rule.js';

const query: LineRule = {
  afterHead: false,
  mayBeEmpty: false,
  beginning: '',
  maxCharacters: 20,
  maxWords: 3,
  excluded: new Set(['known']),
};
const auxiliary: LineRule = { afterHead: true, mayBeEmpty: true, beginning: '', maxCharacters: 20, maxWords: 99, excluded: new Set() };

describe('a query', () => {
  it.each(['\n', ' x', '-', '"', '1.', '| ', 'a\nb', '\u0007', '\u202e', '**'].filter((piece) => piece !== '1.'))(
    'does not begin with %j',
    (piece) => {
      expect(judge('', piece, false, query)).toBe('forbidden');
    },
  );
  it.each(['how', '3', 'Ünder', '日', '\ufffd'])('may begin with %j', (piece) => {
    expect(judge('', piece, false, query)).toBe('continue');
  });
  it('ends with a line break or the end of the text, once it says something', () => {
    expect(judge('how', '\n', false, query)).toBe('end');
    expect(judge('how', '\n\n', false, query)).toBe('end');
    expect(judge('how', '', true, query)).toBe('end');
    expect(judge('', '', true, query)).toBe('forbidden');
  });
  it('does not end while it is a text that must not be repeated, nor within a character', () => {
    expect(judge('Known?', '\n', false, query)).toBe('forbidden');
    expect(judge('Known', ' to', false, query)).toBe('continue');
    expect(judge('caf\ufffd', '\n', false, query)).toBe('forbidden');
    expect(judge('caf', '\ufffd', false, query)).toBe('continue');
    expect(judge('caf', '\ufffde', false, query)).toBe('forbidden');
  });
  it('takes no more words and characters than allowed', () => {
    expect(judge('one two three', 's', false, query)).toBe('continue');
    expect(judge('one two three', ' four', false, query)).toBe('forbidden');
    expect(judge('x'.repeat(20), 'y', false, query)).toBe('forbidden');
    expect(judge('one', ' ', false, query)).toBe('continue');
    expect(judge('one ', ' ', false, query)).toBe('forbidden');
  });
});

describe('an auxiliary text', () => {
  it('follows its head after a space', () => {
    expect(judge('', ' How', false, auxiliary)).toBe('continue');
    expect(judge('', 'How', false, auxiliary)).toBe('forbidden');
  });
  it('may be empty where the task says so', () => {
    expect(judge('', '\n', false, auxiliary)).toBe('end');
    expect(judge('', '\n', false, { ...auxiliary, mayBeEmpty: false })).toBe('forbidden');
  });
});

describe('a whole line', () => {
  it.each(['one two three', '3d printer', 'café', 'Knowns'])('may be %j', (line) => {
    expect(obeys(line, query)).toBe(true);
  });
  it.each(['', '- one', 'one  two', 'one two three four', 'x'.repeat(21), 'known', 'KNOWN?', 'a|b', 'a\nb', 'caf\ufffd', '\u200b', '!'])(
    'must not be %j',
    (line) => {
      expect(obeys(line, query)).toBe(false);
    },
  );
  it('may be empty where the task says so', () => {
    expect(obeys('', auxiliary)).toBe(true);
  });
});

describe('a completion', () => {
  const completion: LineRule = { ...query, beginning: 'How to fr' };
  it.each([
    ['', 'how'],
    ['how', ' to'],
    ['how to', ' freeze'],
    ['how to ', 'fry'],
    ['How to', ' fr'],
  ])('may go on behind %j with %j', (text, piece) => {
    expect(judge(text, piece, false, completion)).toBe('continue');
  });
  it('keeps to what the user typed, and goes beyond it', () => {
    expect(judge('', 'what', false, completion)).toBe('forbidden');
    expect(judge('how to', ' cook', false, completion)).toBe('forbidden');
    expect(judge('how to fr', '\n', false, completion)).toBe('forbidden');
    expect(judge('how to fry', '\n', false, completion)).toBe('end');
    expect(obeys('how to fry', completion)).toBe(true);
    expect(obeys('how to fr', completion)).toBe(false);
  });
  it('may begin with whatever the user typed', () => {
    expect(judge('', '"', false, { ...query, beginning: '"a' })).toBe('continue');
  });
});
