import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { SearchContext } from '../../src/domain/context.js';
import type { ClickPredictor, PredictedClicks } from '../../src/domain/recommend/click-predictor.js';
import { Misbehaviour } from './misbehaviour.js';

/** Gives the first query 0.5, and each further one half of what the one before it has. */
export class FakeClickPredictor extends Misbehaviour implements ClickPredictor {
  readonly requests: { taskId: string; context: SearchContext; queries: readonly string[] }[] = [];

  constructor() {
    super('ctr');
  }

  async predict(taskId: string, context: SearchContext, queries: readonly string[], limits: CallLimits): Promise<PredictedClicks> {
    this.requests.push({ taskId, context, queries });
    await this.act(limits);
    const probabilities = queries.map((_, index) => 0.5 ** (index + 1));
    return {
      probabilities,
      multiReward: 1 - probabilities.reduce((product, p) => product * (1 - p), 1),
      singleReward: probabilities.reduce((sum, p) => sum + p, 0),
      model: { kind: 'ctr', version: 'ctr-1' },
    };
  }
}
