import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Source } from '@gqr/protos/gqr/events/v1/events';
import {
  Degradation_Level as Level,
  ListReward,
  type ListTasksResponse,
  ListTasksResponseSchema,
  type RecommendationSchema,
  type RecommendResponse,
  RecommendResponseSchema,
  type StreamRecommendResponse,
  StreamRecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { Answer, AnswerPiece, Explanation, Recommendation } from '../../domain/recommend/answer.js';
import type { Task } from '../../domain/tasks/task.js';

const SOURCES = { generation: Source.GENERATION, cooccurrence: Source.COOCCURRENCE, popular: Source.POPULAR } as const;

const LEVELS = {
  whole: Level.UNSPECIFIED,
  unscored: Level.UNSCORED,
  cooccurrence: Level.COOCCURRENCE,
  popular: Level.POPULAR,
  empty: Level.EMPTY,
} as const;

const LIST_REWARDS = { multi: ListReward.MULTI, single: ListReward.SINGLE } as const;

function toRecommendation(recommendation: Recommendation): MessageInitShape<typeof RecommendationSchema> {
  const { text, position, source, query, clickProbability, logPropensity } = recommendation;
  return {
    text,
    position,
    source: SOURCES[source],
    query,
    ...(clickProbability !== undefined && { clickProbability }),
    ...(logPropensity !== undefined && { logPropensity }),
  };
}

function toExplanation(explanation: Explanation): NonNullable<MessageInitShape<typeof RecommendResponseSchema>['explanation']> {
  const { cooccurrence, prompt, promptVersion, decoding, listReward, usage } = explanation;
  return {
    cooccurrence: cooccurrence.map(({ text, count, viaQuery, similarity }) => ({ query: text, count, viaQuery, similarity })),
    prompt,
    promptVersion,
    ...(decoding && { decoding }),
    ...(listReward !== undefined && { listReward }),
    ...usage,
  };
}

export function toRecommendResponse(answer: Answer): RecommendResponse {
  const { impressionId, sessionId, recommendations, auxiliaryTexts, modelVersions, timings, degradation, explanation } = answer;
  return create(RecommendResponseSchema, {
    impressionId,
    sessionId,
    recommendations: recommendations.map(toRecommendation),
    auxiliaryTexts: { ...auxiliaryTexts },
    modelVersions: [...modelVersions],
    timings: [...timings],
    ...(degradation && { degradation: { level: LEVELS[degradation.level], reasons: [...degradation.reasons] } }),
    ...(explanation && { explanation: toExplanation(explanation) }),
  });
}

export function toPieceMessage(piece: AnswerPiece): StreamRecommendResponse {
  return create(StreamRecommendResponseSchema, {
    event:
      piece.kind === 'auxiliary_texts'
        ? { case: 'auxiliaryTexts', value: { texts: { ...piece.texts } } }
        : { case: 'recommendation', value: toRecommendation(piece.recommendation) },
  });
}

export function toLastMessage(answer: Answer): StreamRecommendResponse {
  return create(StreamRecommendResponseSchema, { event: { case: 'response', value: toRecommendResponse(answer) } });
}

export function toTasksMessage(tasks: readonly Task[], defaultDeadlineMs: number): ListTasksResponse {
  return create(ListTasksResponseSchema, {
    tasks: tasks.map(({ id, defaultCount, maxCount, definition }) => ({
      taskId: id,
      description: definition.description,
      defaultCount,
      maxCount,
      auxiliaryTexts: [...definition.auxiliaryTexts],
      sideInformation: [...definition.sideInformation],
      listReward: definition.listReward === undefined ? ListReward.UNSPECIFIED : LIST_REWARDS[definition.listReward],
      promptVersion: definition.promptVersion,
    })),
    defaultDeadline: durationFromMs(defaultDeadlineMs),
  });
}
