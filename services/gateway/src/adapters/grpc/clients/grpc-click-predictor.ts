import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import type { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import type { SearchContext } from '../../../domain/context.js';
import type { ClickPredictor, NextPlace, PredictedClicks } from '../../../domain/recommend/click-predictor.js';
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
      const list = await this.client.predictList({ taskId, context: toMessage(context), queries: [...queries] }, limits);
      const probabilities = this.checked(list.clickProbabilities, queries.length);
      return { probabilities, multiReward: list.multiReward, singleReward: list.singleReward, model: toModelVersion(list.model) };
    });
  }

  predictNext(taskId: string, context: SearchContext, { chosen, candidates }: NextPlace, limits: CallLimits): Promise<readonly number[]> {
    return this.guard.call(limits, async () => {
      const request = { taskId, context: toMessage(context), chosenQueries: [...chosen], candidates: [...candidates] };
      const { clickProbabilities } = await this.client.predictNext(request, limits);
      return this.checked(clickProbabilities, candidates.length);
    });
  }

  private checked(probabilities: readonly number[], queries: number): readonly number[] {
    if (probabilities.length === queries && probabilities.every((p) => p >= 0 && p <= 1)) return probabilities;
    throw this.guard.invalid(`${String(queries)} queries got ${String(probabilities.length)} probabilities, or some outside [0, 1]`);
  }
}

function toMessage(context: SearchContext) {
  return { ...context, history: [...context.history], sideInformation: { ...context.sideInformation } };
}
