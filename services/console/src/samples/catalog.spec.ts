import { describe, expect, it } from 'vitest';
import { CONVERSATIONS, openerOf, WRITING } from './catalog.js';
import { SampleAnswers } from './sample-answers.js';

describe('the samples that come with the console', () => {
  it('are enough, and in different domains', () => {
    expect(CONVERSATIONS.length).toBeGreaterThanOrEqual(8);
    expect(new Set(CONVERSATIONS.map(({ domain }) => domain)).size).toBe(CONVERSATIONS.length);
    expect(WRITING.length).toBeGreaterThanOrEqual(5);
    for (const { exchanges } of CONVERSATIONS) expect(exchanges.length).toBeGreaterThanOrEqual(4);
    for (const { revisions } of WRITING) expect(revisions.length).toBeGreaterThanOrEqual(3);
  });

  it('have ids and queries of their own, in the form in which queries are compared', () => {
    const ids = [...CONVERSATIONS, ...WRITING].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const queries = [
      ...CONVERSATIONS.flatMap(({ exchanges }) => exchanges.flatMap((it) => it.queries)),
      ...WRITING.map((it) => it.request),
    ];
    expect(new Set(queries).size).toBe(queries.length);
    expect(queries.filter((query) => query !== query.trim().toLowerCase())).toEqual([]);
  });

  it('have answers of the length that assistants give', () => {
    for (const { exchanges } of CONVERSATIONS) {
      for (const { queries, answer } of exchanges) {
        const words = answer.join(' ').split(/\s+/).length;
        expect(words, queries[0]).toBeGreaterThanOrEqual(25);
        expect(words, queries[0]).toBeLessThanOrEqual(120);
      }
    }
  });

  it('answer every phrasing with the exchange that it stands in', () => {
    const answers = new SampleAnswers(CONVERSATIONS);
    for (const sample of CONVERSATIONS) {
      for (const { queries, answer } of sample.exchanges) {
        for (const query of queries) expect(answers.answerTo(query, sample.id), query).toMatchObject({ text: answer.join('\n\n') });
      }
      expect(openerOf(sample)).not.toBe('');
    }
  });
});
