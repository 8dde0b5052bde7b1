import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import type { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import type { SearchContext } from '../../../domain/context.js';
import type { ClickPredictor, PredictedClicks } from '../../../domain/recommend/click-predictor.js';
import type { Guard } from './guarded.js';
import { toModelVersion } from './model-version.js';

/** The ctr service as the click model. */
export class GrpcClickPredictor implements ClickPredictor {
  constructor(
    private readonly client: GrpcClient<typeof CtrService>,
    private readonly guard: Guard,
  ) {}

  predict(taskId: string, context: SearchContext, queries: readonly string[], limits: CallLimits): Promise<PredictedClicks> {
    return this.guard.call(limits, async () => {
      const message = { ...context, history: [...context.history], sideInformation: { ...context.sideInformation } };
      const list = await this.client.predictList({ taskId, context: message, queries: [...queries] }, limits);
      const probabilities = list.clickProbabilities;
      if (probabilities.length !== queries.length || !probabilities.every((p) => p >= 0 && p <= 1)) {
        throw this.guard.invalid(
          `${String(queries.length)} queries got ${String(probabilities.length)} probabilities, or some outside [0, 1]`,
        );
      }
      return { probabilities, multiReward: list.multiReward, singleReward: list.singleReward, model: toModelVersion(list.model) };
    });
  }
}
