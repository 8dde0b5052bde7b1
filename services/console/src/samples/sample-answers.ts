import type { Answer, AnswerBook } from '../session/answer.js';
import type { SampleConversation, SampleExchange } from './sample.js';
import { overlap, stemsOf } from './words.js';

/** From which overlap on a query counts as asked in other words: two of three content words agree. */
const SAME_NEED = 0.66;

/**
 * Answers from the sample conversations. A query in other words gets the answer of the nearest sample query, which the page then
 * names; any other query gets none.
 */
export class SampleAnswers implements AnswerBook {
  private readonly entries: readonly Entry[];

  constructor(samples: readonly SampleConversation[]) {
    this.entries = samples.flatMap(({ id, exchanges }) =>
      exchanges.flatMap((exchange) => exchange.queries.map((query) => ({ sample: id, query, stems: stemsOf(query), exchange }))),
    );
  }

  answerTo(query: string, sample: string | undefined): Answer {
    const stems = stemsOf(query);
    const normalised = query.trim().toLowerCase();
    let best: { entry: Entry; score: number } | undefined;
    for (const entry of this.entries) {
      const score = entry.query === normalised ? 2 : overlap(stems, entry.stems) + (entry.sample === sample ? 0.01 : 0);
      if (best === undefined || score > best.score) best = { entry, score };
    }
    if (best === undefined || best.score < SAME_NEED) return { kind: 'none' };
    const text = best.entry.exchange.answer.join('\n\n');
    const [writtenFor] = best.entry.exchange.queries;
    return { kind: 'sample', text, ...(writtenFor !== undefined && writtenFor !== normalised && { writtenFor }) };
  }
}

interface Entry {
  readonly sample: string;
  readonly query: string;
  readonly stems: ReadonlySet<string>;
  readonly exchange: SampleExchange;
}
