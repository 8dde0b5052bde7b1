import { setTimeout as sleep } from 'node:timers/promises';
import { CooccurrenceService, type RetrieveRequest } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { type BatchPredictNextRequest, CtrService, type PredictListRequest } from '@gqr/protos/gqr/ctr/v1/ctr';
import { GenerationService, ListReward, type StreamGenerateRequest } from '@gqr/protos/gqr/generation/v1/generation';
import { startFakeService } from '../load/fake-service.js';

export const TASK = 'suggestion';
const COUNT = 3;
const FAKE_CTR = { kind: 'ctr', version: 'fake' };
const FAKE_SNAPSHOT = { kind: 'cooccurrence', version: 'fake' };

function listFor({ request }: StreamGenerateRequest) {
  const query = request?.context?.query ?? '';
  return {
    queries: Array.from({ length: COUNT }, (_, index) => ({ text: `${query} ${String(index + 1)}`, logPropensity: -1 - index })),
    policy: { kind: `policy.${TASK}`, version: 'fake' },
    promptVersion: 'fake',
    decoding: { temperature: 0.7, topP: 0.95, minP: 0.05, repetitionPenalty: 1, seed: 7n },
    usage: { promptTokens: 210, cachedPromptTokens: 180, completionTokens: 30 },
  };
}

/** The fractional part of its multiples is spread evenly, in an order without a pattern. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

/**
 * A language model that writes a list in `llmMs` on average, as many at a time as are asked for. Lists take from half as long to half as
 * long again: if all took the same time, callers would march in step and all wait for each other.
 */
export function startFakeGeneration(llmMs: number): Promise<string> {
  let lists = 0;
  return startFakeService(GenerationService, {
    ListTasks: () => ({
      tasks: [
        {
          taskId: TASK,
          description: 'Follow-up queries.',
          defaultCount: COUNT,
          maxCount: COUNT,
          listReward: ListReward.MULTI,
          cooccurrenceQueries: 8,
          promptVersion: 'fake',
        },
      ],
    }),
    StreamGenerate: async function* (request: StreamGenerateRequest) {
      const list = listFor(request);
      const listMs = llmMs * (0.5 + ((++lists * GOLDEN_RATIO) % 1));
      for (const query of list.queries) {
        await sleep(listMs / COUNT);
        yield { event: { case: 'query', value: query } };
      }
      yield { event: { case: 'response', value: list } };
    },
  });
}

/** A click predictor that answers at once. */
export function startFakeCtr(): Promise<string> {
  return startFakeService(CtrService, {
    PredictList: ({ queries }: PredictListRequest) => ({
      clickProbabilities: queries.map((_, index) => 0.5 ** (index + 1)),
      multiReward: 0.6,
      singleReward: 0.8,
      model: FAKE_CTR,
    }),
    BatchPredictNext: ({ requests }: BatchPredictNextRequest) => ({
      responses: requests.map(({ candidates }) => ({
        clickProbabilities: candidates.map((_, index) => 0.5 ** (index + 1)),
        model: FAKE_CTR,
      })),
    }),
  });
}

/** Next queries, at once. */
export function startFakeCooccurrence(): Promise<string> {
  return startFakeService(CooccurrenceService, {
    Retrieve: ({ query, limit }: RetrieveRequest) => ({
      nextQueries: ['price', 'for renters', 'tax credit', 'lifespan', 'in winter'].slice(0, limit).map((more, index) => ({
        text: `${query} ${more}`,
        count: BigInt(9 - index),
        transitionProbability: 0.2,
        similarity: 1,
        score: 0.2,
      })),
      snapshot: FAKE_SNAPSHOT,
    }),
    ListPopular: () => ({ queries: [{ text: 'weather tomorrow', count: 99n }], snapshot: FAKE_SNAPSHOT }),
  });
}
