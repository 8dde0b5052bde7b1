import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { SearchContext } from '../../src/domain/context.js';
import type { ClickPredictor, NextPlace, PredictedClicks } from '../../src/domain/recommend/click-predictor.js';
import { Misbehaviour } from './misbehaviour.js';

/** Gives the first query 0.5, and each further one half of what the one before it has; of candidates, the last the most. */
export class FakeClickPredictor extends Misbehaviour implements ClickPredictor {
  readonly requests: { taskId: string; context: SearchContext; queries: readonly string[] }[] = [];
  readonly places: NextPlace[] = [];

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

  async predictNext(_taskId: string, _context: SearchContext, place: NextPlace, limits: CallLimits): Promise<readonly number[]> {
    this.places.push(place);
    await this.act(limits);
    return place.candidates.map((_, index) => 1 - 0.5 ** (index + 1));
  }
}
