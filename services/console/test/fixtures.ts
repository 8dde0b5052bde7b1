import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Source } from '@gqr/protos/gqr/events/v1/events';
import {
  ListReward,
  ListTasksResponseSchema,
  type RecommendResponse,
  RecommendResponseSchema,
} from '@gqr/protos/gqr/recommendation/v1/recommendation';

type Answer = MessageInitShape<typeof RecommendResponseSchema>;

const timings = [
  { phase: 'cooccurrence', durationMs: 0.62 },
  { phase: 'generation', durationMs: 811.4 },
  { phase: 'ctr', durationMs: 12.9 },
  { phase: 'log', durationMs: 2.1 },
  { phase: 'gateway', durationMs: 3.3 },
];

const decoding = { temperature: 0.7, topP: 0.95, minP: 0.05, seed: 8412209n, poolSize: 0, repetitionPenalty: 1.1, diversity: 0.5 };

export const TASKS = create(ListTasksResponseSchema, {
  tasks: [
    { taskId: 'clarification', description: 'Refines a writing request.', defaultCount: 8, maxCount: 12, listReward: ListReward.MULTI },
    { taskId: 'hint', description: 'The query to be asked next.', defaultCount: 1, maxCount: 4, listReward: ListReward.SINGLE },
    { taskId: 'suggestion', description: 'Three follow-ups.', defaultCount: 3, maxCount: 8, listReward: ListReward.MULTI },
  ],
  defaultDeadline: { seconds: 10n },
});

const suggestion: Answer = {
  impressionId: 'imp-suggestion',
  recommendations: [
    { text: 'how to get rust off cast iron', source: Source.GENERATION, clickProbability: 0.1431, logPropensity: -3.218 },
    { text: 'best oil for seasoning cast iron', source: Source.COOCCURRENCE, clickProbability: 0.0917 },
    { text: 'can you cook tomato sauce in a cast iron pan', source: Source.GENERATION, clickProbability: 0.0482, logPropensity: -5.07 },
  ].map((it, index) => ({ ...it, query: it.text, position: index + 1 })),
  modelVersions: [
    { kind: 'policy.suggestion', version: 'starter-1' },
    { kind: 'ctr', version: '20261121t031502-9f3ac1' },
    { kind: 'cooccurrence', version: '20261122t020004-77be02' },
  ],
  timings,
  explanation: {
    cooccurrence: [
      { query: 'best oil for seasoning cast iron', count: 41n, similarity: 1 },
      { query: 'how to season a cast iron skillet in the oven', count: 30n, similarity: 1 },
      { query: 'lodge vs field company vs smithey', count: 4n, viaQuery: 'can you use soap on cast iron', similarity: 0.872 },
    ],
    prompt:
      '# Instructions\nYou are an expert in query recommendation.\n\n# Query\nhow to clean a cast iron skillet\n\n# Users also asked\nbest oil for seasoning cast iron\n\n# Response\n',
    promptVersion: 'b61f0c2a',
    decoding,
    listReward: 0.2596,
    promptTokens: 231,
    cachedPromptTokens: 118,
    completionTokens: 34,
  },
};

const hint: Answer = {
  impressionId: 'imp-hint',
  recommendations: [
    {
      text: 'how to season a cast iron skillet in the oven',
      query: 'how to season a cast iron skillet in the oven',
      position: 1,
      source: Source.GENERATION,
      clickProbability: 0.071,
      logPropensity: -4.4,
    },
  ],
  modelVersions: [{ kind: 'policy.hint', version: 'starter-1' }],
  timings,
  explanation: { promptVersion: '5510aa9e', decoding, listReward: 0.071, promptTokens: 160, completionTokens: 13 },
};

const SNIPPETS = [
  'shorter',
  'funnier',
  'more heartfelt',
  'clean for grandparents',
  'with a story about Leah',
  'less formal',
  'in rhyme',
  'for two speakers',
];

const clarification: Answer = {
  impressionId: 'imp-clarification',
  auxiliaryTexts: { guiding_sentence: 'How should the speech change?', prefix: 'make the best man speech', suffix: 'please' },
  recommendations: SNIPPETS.map((text, index) => ({
    text,
    query: `make the best man speech ${text} please`,
    position: index + 1,
    source: index === 3 ? Source.COOCCURRENCE : Source.GENERATION,
    clickProbability: 0.22 / (index + 1),
  })),
  modelVersions: [{ kind: 'policy.clarification', version: 'starter-1' }],
  timings,
  explanation: {
    promptVersion: 'c0ffee12',
    decoding: { ...decoding, poolSize: 4 },
    listReward: 0.48,
    promptTokens: 240,
    completionTokens: 58,
  },
};

/** A whole answer to each task, as a gateway with all its dependencies gives it. */
export function answerTo(taskId: string): RecommendResponse {
  const answers: Record<string, Answer> = { suggestion, hint, clarification };
  const answer = answers[taskId];
  if (answer === undefined) throw new Error(`no fixture for task ${taskId}`);
  return create(RecommendResponseSchema, answer);
}
