import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type {
  GetModelResponseSchema,
  PredictListResponseSchema,
  PredictNextResponseSchema,
  ShadowSchema,
} from '@gqr/protos/gqr/ctr/v1/ctr';
import type { ModelInfo } from '../../domain/model/serving-model.js';
import type { Scored, ScoredList, ScoredStep } from '../../domain/scoring/score.js';
import type { ShadowState } from '../../domain/shadow/shadow.js';
import { CTR_KIND } from '../registry/registry-model-store.js';

function about({ model, times }: Scored<unknown>) {
  return {
    model: { kind: CTR_KIND, version: model.version },
    timings: Object.entries(times).map(([phase, durationMs]) => ({ phase, durationMs: durationMs as number })),
  };
}

/** One response a list. What was scored in one batch took its time together, so that all say the same time. */
export function toListResponses(scored: Scored<ScoredList>): MessageInitShape<typeof PredictListResponseSchema>[] {
  return scored.results.map((result) => ({
    ...about(scored),
    ...result,
    clickProbabilities: [...result.clickProbabilities],
    uncertainties: [...result.uncertainties],
  }));
}

/** One response a step. */
export function toNextResponses(scored: Scored<ScoredStep>): MessageInitShape<typeof PredictNextResponseSchema>[] {
  return scored.results.map(({ clickProbabilities, uncertainties }) => ({
    ...about(scored),
    clickProbabilities: [...clickProbabilities],
    uncertainties: [...uncertainties],
  }));
}

export function toModel(info: ModelInfo): MessageInitShape<typeof GetModelResponseSchema> {
  const { version, variant, executionProvider, precision, loadedAt } = info;
  return { model: { kind: CTR_KIND, version }, variant, executionProvider, precision, loadedAt: timestampFromDate(loadedAt) };
}

export function toShadow({ info, serving, agreement }: ShadowState): MessageInitShape<typeof ShadowSchema> {
  const { inputs, pairs, ...shares } = agreement;
  return {
    model: toModel(info),
    agreement: { serving: { kind: CTR_KIND, version: serving }, inputs: BigInt(inputs), pairs: BigInt(pairs), ...shares },
  };
}
