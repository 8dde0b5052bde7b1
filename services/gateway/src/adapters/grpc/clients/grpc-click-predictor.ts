import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import type { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import type { Asked, ClickPredictor, NextPlace, PredictedClicks, PredictedPlace } from '../../../domain/recommend/click-predictor.js';
import type { Guard } from './guarded.js';
import { toModelVersion } from './model-version.js';

/** The ctr service as the click model. */
export class GrpcClickPredictor implements ClickPredictor {
  constructor(
    private readonly client: GrpcClient<typeof CtrService>,
    private readonly guard: Guard,
  ) {}

  predict(asked: Asked, list: readonly string[], limits: CallLimits): Promise<PredictedClicks> {
    return this.guard.call(limits, async () => {
      const scored = await this.client.predictList({ ...toMessage(asked), queries: [...list] }, limits);
      return { probabilities: this.checked(scored.clickProbabilities, list.length), model: toModelVersion(scored.model) };
    });
  }

  /** One call: each query so far is the one candidate of the step that it took. */
  predictPlace(asked: Asked, { chosen, candidates }: NextPlace, limits: CallLimits): Promise<PredictedPlace> {
    const step = (chosenQueries: readonly string[], next: readonly string[]) => ({
      ...toMessage(asked),
      chosenQueries: [...chosenQueries],
      candidates: [...next],
    });
    return this.guard.call(limits, async () => {
      const requests = [...chosen.map((text, index) => step(chosen.slice(0, index), [text])), step(chosen, candidates)];
      const { responses } = await this.client.batchPredictNext({ requests }, limits);
      const last = responses.at(-1);
      const before = responses.slice(0, -1).flatMap(({ clickProbabilities }) => clickProbabilities);
      return {
        chosen: this.checked(before, chosen.length),
        candidates: this.checked(last?.clickProbabilities ?? [], candidates.length),
        model: toModelVersion(last?.model),
      };
    });
  }

  private checked(probabilities: readonly number[], queries: number): readonly number[] {
    if (probabilities.length === queries && probabilities.every((p) => p >= 0 && p <= 1)) return probabilities;
    throw this.guard.invalid(`${String(queries)} queries got ${String(probabilities.length)} probabilities, or some outside [0, 1]`);
  }
}

/** Of the history the queries alone: no model reads earlier answers. */
function toMessage({ taskId, context: { query, response, history }, cooccurrenceQueries }: Asked) {
  return {
    taskId,
    context: { query, response, history: history.map((turn) => ({ query: turn.query })) },
    cooccurrenceQueries: [...cooccurrenceQueries],
  };
}
