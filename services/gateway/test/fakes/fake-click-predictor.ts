import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { Asked, ClickPredictor, Place, PredictedPlaces } from '../../src/domain/recommend/click-predictor.js';
import { Misbehaviour } from './misbehaviour.js';

/** Gives the first query of a list 0.5, and each further one half of what the one before it has; of several candidates, the last the most. */
export class FakeClickPredictor extends Misbehaviour implements ClickPredictor {
  readonly requests: (Asked & { places: readonly Place[] })[] = [];
  /** A candidate that is certain to be clicked. */
  favourite: string | undefined;
  /** The model that serves. */
  version = 'ctr-1';

  constructor() {
    super('ctr');
  }

  /** Everything that was asked for, by what stands before it. */
  get asked(): string[] {
    return this.requests.flatMap(({ places }) =>
      places.map(({ chosen, candidates }) => `${chosen.join(', ')} > ${candidates.join(' | ')}`),
    );
  }

  async predict(asked: Asked, places: readonly Place[], limits: CallLimits): Promise<PredictedPlaces> {
    this.requests.push({ ...asked, places });
    const { version } = this;
    await this.act(limits);
    const probabilities = places.map(({ chosen, candidates }) =>
      candidates.map((text, index) => {
        if (text === this.favourite) return 1;
        return candidates.length === 1 ? 0.5 ** (chosen.length + 1) : 1 - 0.5 ** (index + 1);
      }),
    );
    return { probabilities, model: { kind: 'ctr', version } };
  }
}
