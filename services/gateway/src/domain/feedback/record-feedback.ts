import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { Traffic } from '../context.js';
import type { ImpressionIds, ShownList } from '../impression-id/impression-id.js';
import type { Click, Journal } from '../journal.js';
import { underDeadline } from '../under-deadline.js';
import type { RecentClicks } from './recent-clicks.js';

/** A click as the caller tells of it: by position, by text, or by both. */
export interface ClickReport {
  /** 1-based; 0 to find it by the text. */
  readonly position: number;
  /** Empty if only the position is known. */
  readonly text: string;
  /** Milliseconds since the epoch; undefined for now. */
  readonly occurredAt: number | undefined;
}

export interface FeedbackRequest {
  readonly impressionId: string;
  /** May be empty. */
  readonly sessionId: string;
  readonly clicks: readonly ClickReport[];
  readonly traffic: Traffic;
}

/** What became of the clicks. */
export interface FeedbackCounts {
  readonly recorded: number;
  readonly duplicates: number;
}

/** The impression id was not issued here, or was changed. */
export class UnknownImpressionError extends Error {
  override readonly name = 'UnknownImpressionError';
  constructor() {
    super('impression_id: no such impression; send the id of the answer as it came, unchanged');
  }
}

/** Records clicks. What is acknowledged is durable; what was clicked must have been shown. */
export class RecordFeedback {
  constructor(
    private readonly journal: Journal,
    private readonly ids: ImpressionIds,
    private readonly recent: RecentClicks,
    private readonly options: { readonly defaultDeadlineMs: number; readonly now: () => number },
  ) {}

  /**
   * All clicks are recorded, or none.
   * @throws UnknownImpressionError, InvalidRequestError for clicks on what was not shown, DependencyError of "log", CallEndedError
   */
  async record(request: FeedbackRequest, caller: CallLimits): Promise<FeedbackCounts> {
    const shown = this.ids.open(request.impressionId);
    if (shown === undefined) throw new UnknownImpressionError();
    const clicks = this.locate(request, shown);
    const byId = new Map(clicks.map((click) => [click.eventId, click]));
    return underDeadline(caller, this.options.defaultDeadlineMs, (limits) =>
      this.recent.recordOnce(
        clicks.map((click) => click.eventId),
        (fresh) =>
          this.journal.recordClicks(
            [...byId.values()].filter((click) => fresh.has(click.eventId)),
            limits,
          ),
      ),
    );
  }

  /** The clicks with their positions. */
  private locate(request: FeedbackRequest, shown: ShownList): Click[] {
    const violations: FieldViolation[] = [];
    const clicks = request.clicks.map((report, index): Click => {
      const position = positionOf(report, shown, `clicks[${String(index)}]`, violations);
      return {
        eventId: `${request.impressionId}#${String(position)}`,
        impressionId: request.impressionId,
        sessionId: request.sessionId,
        occurredAt: report.occurredAt ?? this.options.now(),
        position,
        traffic: request.traffic,
      };
    });
    if (violations.length > 0) throw new InvalidRequestError(violations);
    return clicks;
  }
}

/** Position of a click; adds to `violations` if what it tells of was not shown. */
function positionOf({ position, text }: ClickReport, shown: ShownList, field: string, violations: FieldViolation[]): number {
  if (position > shown.length) {
    const description = `was not shown: the list had ${String(shown.length)} queries; send a position from 1 on`;
    violations.push({ field: `${field}.position`, description });
    return position;
  }
  const found = position === 0 ? shown.positionOf(text) : position;
  if (found === undefined || (text !== '' && !shown.shows(found, text))) {
    const where = position === 0 ? 'in this impression' : `at position ${String(position)}`;
    violations.push({ field: `${field}.text`, description: `was not shown ${where}; send Recommendation.text as it came` });
    return position;
  }
  return found;
}
