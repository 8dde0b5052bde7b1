import { describe, expect, it } from 'vitest';
import { CONVERSATIONS, openerOf } from './catalog.js';
import { SampleAnswers } from './sample-answers.js';

const answers = new SampleAnswers(CONVERSATIONS);

describe('sample answers', () => {
  it('answers the query that opens each sample, and says nothing of other words', () => {
    for (const sample of CONVERSATIONS) {
      expect(answers.answerTo(openerOf(sample), sample.id)).toEqual({ kind: 'sample', text: sample.exchanges[0]?.answer.join('\n\n') });
    }
  });

  it('answers a query in other words and names the one that the answer was written for', () => {
    const answer = answers.answerTo('How do I get the rust off my cast iron skillet?', 'cast-iron');
    expect(answer).toMatchObject({ kind: 'sample', writtenFor: 'how to get rust off cast iron' });
  });

  it.each([
    ['when should I see a doctor for lower back pain', 'when to see a doctor for lower back pain'],
    ['git revert a pushed commit', 'git revert pushed commit'],
    ['how much is compensation under eu261', 'eu261 compensation how much'],
    ['is the jr pass worth it for a 10 day trip', 'is the jr pass worth it now'],
    ['replacing a toilet flapper', 'how to replace toilet flapper'],
  ])('takes "%s" for "%s"', (query, writtenFor) => {
    expect(answers.answerTo(query, undefined)).toMatchObject({ kind: 'sample', writtenFor });
  });

  it.each([
    'how to bake sourdough bread',
    'cast iron stove installation cost',
    'git for designers',
    'telescope museum opening hours',
    '?!',
    '',
  ])('has no answer to "%s"', (query) => {
    expect(answers.answerTo(query, 'cast-iron')).toEqual({ kind: 'none' });
  });
});
