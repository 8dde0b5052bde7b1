import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import type { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import type { SearchContext } from '../../../domain/context.js';
import type { Asked, ClickPredictor, Place, PredictedPlaces } from '../../../domain/recommend/click-predictor.js';
import type { Guard } from './guarded.js';
import { toModelVersion } from './model-version.js';

/** The ctr service as the click model. */
export class GrpcClickPredictor implements ClickPredictor {
  constructor(
    private readonly client: GrpcClient<typeof CtrService>,
    private readonly guard: Guard,
  ) {}

  predict({ taskId, context, cooccurrenceQueries }: Asked, places: readonly Place[], limits: CallLimits): Promise<PredictedPlaces> {
    return this.guard.call(limits, async () => {
      const { responses } = await this.client.batchPredictNext(
        {
          taskId,
          context: withoutAnswers(context),
          cooccurrenceQueries: [...cooccurrenceQueries],
          requests: places.map(({ chosen, candidates }) => ({ chosenQueries: [...chosen], candidates: [...candidates] })),
        },
        limits,
      );
      const probabilities = places.map(({ candidates }, index) =>
        this.checked(responses[index]?.clickProbabilities ?? [], candidates.length),
      );
      return { probabilities, model: toModelVersion(responses[0]?.model) };
    });
  }

  private checked(probabilities: readonly number[], queries: number): readonly number[] {
    if (probabilities.length === queries && probabilities.every((p) => p >= 0 && p <= 1)) return probabilities;
    throw this.guard.invalid(`${String(queries)} queries got ${String(probabilities.length)} probabilities, or some outside [0, 1]`);
  }
}

/** Of the history the queries alone: no model reads earlier answers. */
function withoutAnswers({ query, response, history }: SearchContext) {
  return { query, response, history: history.map((turn) => ({ query: turn.query })) };
}
