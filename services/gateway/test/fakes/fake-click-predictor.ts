import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { Asked, ClickPredictor, NextPlace, PredictedClicks, PredictedPlace } from '../../src/domain/recommend/click-predictor.js';
import { Misbehaviour } from './misbehaviour.js';

const model = { kind: 'ctr', version: 'ctr-1' };

/** Gives the first query 0.5, and each further one half of what the one before it has; of candidates, the last the most. */
export class FakeClickPredictor extends Misbehaviour implements ClickPredictor {
  readonly requests: (Asked & { list: readonly string[] })[] = [];
  readonly places: NextPlace[] = [];
  /** A candidate that is certain to be clicked. */
  favourite: string | undefined;

  constructor() {
    super('ctr');
  }

  async predict(asked: Asked, list: readonly string[], limits: CallLimits): Promise<PredictedClicks> {
    this.requests.push({ ...asked, list });
    await this.act(limits);
    return { probabilities: list.map((_, index) => 0.5 ** (index + 1)), model };
  }

  async predictPlace(_asked: Asked, place: NextPlace, limits: CallLimits): Promise<PredictedPlace> {
    this.places.push(place);
    await this.act(limits);
    return {
      chosen: place.chosen.map((_, index) => 0.5 ** (index + 1)),
      candidates: place.candidates.map((text, index) => (text === this.favourite ? 1 : 1 - 0.5 ** (index + 1))),
      model,
    };
  }
}
