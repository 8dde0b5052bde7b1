import { type CallLimits, unlimited } from '@gqr/chassis/grpc/call';
import { ImpressionIds } from '../../src/domain/impression-id/impression-id.js';
import { Filling } from '../../src/domain/recommend/filling.js';
import { Placing } from '../../src/domain/recommend/placing.js';
import { PopularQueries } from '../../src/domain/recommend/popular-queries.js';
import { Recommend } from '../../src/domain/recommend/recommend.js';
import { Recording } from '../../src/domain/recommend/recording.js';
import type { RecommendRequest } from '../../src/domain/recommend/request.js';
import { Writing } from '../../src/domain/recommend/writing.js';
import { Task } from '../../src/domain/tasks/task.js';
import { FakeClickPredictor } from './fake-click-predictor.js';
import { FakeJournal } from './fake-journal.js';
import { FakeNextQueries } from './fake-next-queries.js';
import { FakeQueryWriter } from './fake-query-writer.js';
import { suggestion } from './tasks.js';

export const NOW = 1_795_000_000_000;
export const FOREVER_MS = 600_000;

/** The use case with a fake at every port. */
export class RecommendStage {
  readonly nextQueries = new FakeNextQueries();
  readonly writer = new FakeQueryWriter();
  readonly predictor = new FakeClickPredictor();
  readonly journal = new FakeJournal();
  readonly ids = new ImpressionIds(Buffer.alloc(32, 1), { random: (bytes) => new Uint8Array(bytes), now: () => NOW });
  readonly recommend: Recommend;
  private made = 0;

  /** @param oneIn One place in so many goes to a query that users really asked next, if it followed five times; 0 gives none. */
  constructor(oneIn = 0) {
    const popular = new PopularQueries(this.nextQueries, { timeoutMs: 1000 });
    const newId = (): string => `id-${String(++this.made)}`;
    const pools = {
      live: { size: 4, key: 'prompt' },
      simulated: { size: 6, key: 'query' },
      sessionTasks: new Set(['hint']),
    } as const;
    this.recommend = new Recommend(
      {
        nextQueries: this.nextQueries,
        writing: new Writing(this.writer, pools),
        placing: new Placing({ oneIn, minCount: 5 }),
        filling: new Filling(popular),
        predictor: this.predictor,
        recording: new Recording(this.journal, this.ids, { newId, now: () => NOW }),
      },
      { defaultDeadlineMs: 10_000, budget: { cooccurrenceMs: 150, ctrMs: 200, logMs: 200, marginMs: 10 } },
      { newId, now: Date.now },
    );
  }
}

/** A request for suggestions after "solar panels", changed. */
export function requestWith(change: Partial<RecommendRequest> = {}): RecommendRequest {
  return {
    task: new Task(suggestion),
    context: { query: 'solar panels', response: 'Panels turn light into power.', history: [], sideInformation: {} },
    count: 3,
    sessionId: 'session-1',
    userId: 'user-1',
    explain: false,
    origin: 'typed',
    occurredAt: undefined,
    traffic: 'live',
    ...change,
  };
}

/** A deadline that nothing but itself ends. */
export function soon(ms: number): CallLimits {
  return { signal: unlimited.signal, deadline: Date.now() + ms };
}
