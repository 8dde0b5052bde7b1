import type { SearchContext, ModelVersion } from '../context.js';
import type { ImpressionIds } from '../impression-id/impression-id.js';
import type { Impression, Journal } from '../journal.js';
import type { Recommendation } from './answer.js';
import { attempt, type Attempt, type AttemptLimits } from './attempt.js';
import type { WrittenList } from './query-writer.js';
import type { RecommendRequest } from './request.js';

/** What is about to be shown. */
export interface Shown {
  readonly sessionId: string;
  readonly context: SearchContext;
  /** What the predictor was told, whoever wrote the list: it is trained on what is recorded. */
  readonly cooccurrenceQueries: readonly string[];
  readonly queries: readonly Recommendation[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly modelVersions: readonly ModelVersion[];
  readonly written: WrittenList | undefined;
  readonly reasons: readonly string[];
}

/** Records what was asked and what is shown, durably, before it is shown. */
export class Recording {
  constructor(
    private readonly journal: Journal,
    private readonly ids: ImpressionIds,
    private readonly options: { readonly newId: () => string; readonly now: () => number },
  ) {}

  /**
   * The impression id; empty if the list is empty, which is not an impression. When the journal does not answer in time, the record may
   * still be written: a list without clicks in the log, which nobody can click since its id is not given out.
   * @throws CallEndedError
   */
  record(request: RecommendRequest, shown: Shown, limits: AttemptLimits): Promise<Attempt<string>> {
    const occurredAt = request.occurredAt ?? this.options.now();
    const query = {
      eventId: this.options.newId(),
      sessionId: shown.sessionId,
      userId: request.userId,
      occurredAt,
      query: request.context.query,
      origin: request.origin,
      traffic: request.traffic,
    };
    const impression = shown.queries.length === 0 ? undefined : this.toImpression(request, shown, occurredAt);
    return attempt('log', limits, async (own) => {
      await this.journal.recordRecommendation(query, impression, own);
      return impression?.impressionId ?? '';
    });
  }

  private toImpression(request: RecommendRequest, shown: Shown, occurredAt: number): Impression {
    return {
      impressionId: this.ids.issue(shown.queries.map((query) => query.text)),
      sessionId: shown.sessionId,
      userId: request.userId,
      occurredAt,
      taskId: request.task.id,
      context: shown.context,
      cooccurrenceQueries: shown.cooccurrenceQueries,
      queries: shown.queries,
      auxiliaryTexts: shown.auxiliaryTexts,
      modelVersions: shown.modelVersions,
      promptVersion: shown.written?.promptVersion ?? '',
      decoding: shown.written?.decoding,
      degradedReason: shown.reasons.join(','),
      traffic: request.traffic,
    };
  }
}
