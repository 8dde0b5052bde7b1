import type { StandInPolicy } from '../src/domain/measure/stand-in-policies.js';
import { type Random, randomFor } from '../src/domain/random/random.js';
import type { ClickReport, Gateway, RecommendCall, RecommendedList } from '../src/domain/simulation/gateway.js';

const asAlways: StandInPolicy = () => [{ text: 'sourdough feeding schedule', query: 'sourdough feeding schedule' }];

/** A call like any other. */
export const someCall: RecommendCall = {
  task: 'hint',
  sessionId: 's',
  userId: 'u',
  query: 'q',
  response: '',
  history: [],
  origin: 'typed',
  occurredAt: new Date(0),
};

export interface FakeGatewayOptions {
  /** What the next calls throw, one after the other. */
  readonly failures?: readonly Error[];
  readonly policy?: StandInPolicy;
  /** Whether the list of a call, counted from 1, is a makeshift one; none if left out. */
  readonly makeshift?: (call: number) => boolean;
  /** Resolves before every answer. */
  readonly answerAfter?: (signal: AbortSignal) => Promise<void>;
}

/** A gateway in memory that keeps what it was sent. */
export class FakeGateway implements Gateway {
  readonly recommended: RecommendCall[] = [];
  readonly reports: ClickReport[] = [];
  private readonly failures: Error[];
  private readonly random: Random = randomFor(1n, 'fake gateway', 0);

  constructor(private readonly options: FakeGatewayOptions = {}) {
    this.failures = [...(options.failures ?? [])];
  }

  async recommend(call: RecommendCall, signal: AbortSignal): Promise<RecommendedList> {
    await this.answer(signal);
    this.recommended.push(call);
    const queries = (this.options.policy ?? asAlways)({ ...call, seconds: 0 }, call.task, this.random);
    const nth = this.recommended.length;
    const makeshift = this.options.makeshift?.(nth) ?? false;
    return { impressionId: `impression-${nth}`, queries, degraded: makeshift, makeshift, policy: 'fake' };
  }

  async recordClicks(report: ClickReport, signal: AbortSignal): Promise<void> {
    await this.answer(signal);
    this.reports.push(report);
  }

  private async answer(signal: AbortSignal): Promise<void> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    await this.options.answerAfter?.(signal);
  }
}
