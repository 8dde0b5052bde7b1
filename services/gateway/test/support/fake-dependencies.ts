import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CooccurrenceService, type RetrieveRequest } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { type BatchPredictNextRequest, CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { GenerationService, ListReward, type StreamGenerateRequest } from '@gqr/protos/gqr/generation/v1/generation';
import { clarification, hint, suggestion } from '../fakes/tasks.js';
import { type Behaviour, FakeServer } from './fake-server.js';

const TASKS = [suggestion, clarification, hint].map((task) => ({
  taskId: task.id,
  description: task.description,
  defaultCount: task.defaultCount,
  maxCount: task.maxCount,
  auxiliaryTexts: [...task.auxiliaryTexts],
  sideInformation: [...task.sideInformation],
  listReward: task.listReward === 'single' ? ListReward.SINGLE : ListReward.MULTI,
  cooccurrenceQueries: task.cooccurrenceQueries,
  promptVersion: task.promptVersion,
}));

const SNIPPETS = ['about the sea', 'that rhymes', 'for children', 'with a sad end', 'in free verse'];

function queriesFor(taskId: string, query: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    taskId === 'clarification' ? (SNIPPETS[index] ?? `snippet ${String(index + 1)}`) : `${query} ${String(index + 1)}`,
  );
}

/** A list for any request: "solar panels 1", "solar panels 2", ... */
export function listFor({ request }: StreamGenerateRequest) {
  const taskId = request?.taskId ?? '';
  const defaultCount = TASKS.find((task) => task.taskId === taskId)?.defaultCount ?? 0;
  const texts = queriesFor(taskId, request?.context?.query ?? '', request?.count === 0 ? defaultCount : (request?.count ?? 0));
  return {
    queries: texts.map((text, index) => ({ text, logPropensity: -1 - index })),
    auxiliaryTexts: {
      ...(taskId === 'clarification' && { guiding_sentence: 'What kind of poem?', prefix: 'Write a poem', suffix: 'in 8 lines' }),
    },
    policy: { kind: `policy.${taskId}`, version: 'starter-1' },
    promptVersion: `prompt-${taskId}`,
    decoding: {
      temperature: 0.7,
      topP: 0.95,
      minP: 0.05,
      repetitionPenalty: 1.1,
      diversity: 0.5,
      seed: 7n,
      poolSize: request?.pool?.size ?? 0,
    },
    usage: { promptTokens: 210, cachedPromptTokens: 180, completionTokens: 30, redraws: 0, pooled: false },
    prompt: request?.includePrompt === true ? `prompt about ${request.context?.query ?? ''}` : '',
  };
}

/** Streams a list, `pauseMs` before each piece; breaks off with `error` after `pieces`, if told to. */
export function streamList(options: { pauseMs?: number; pieces?: number; error?: Error } = {}): Behaviour {
  return async function* (request: StreamGenerateRequest) {
    const list = listFor(request);
    const { policy, promptVersion, decoding } = list;
    yield { event: { case: 'started', value: { policy, promptVersion, decoding: { ...decoding, poolSize: 0 } } } };
    const events = [
      ...Object.entries(list.auxiliaryTexts).map(([name, text]) => ({ case: 'auxiliaryText', value: { name, text } })),
      ...list.queries.map((query) => ({ case: 'query', value: query })),
    ];
    for (const [index, event] of events.entries()) {
      if (index === options.pieces && options.error !== undefined) throw options.error;
      if (options.pauseMs !== undefined) await sleep(options.pauseMs);
      yield { event };
    }
    yield { event: { case: 'response', value: list } };
  };
}

/** Whether an event of a stream comes before its first piece. */
export function tellsOrigin(event: object): boolean {
  return 'event' in event && (event.event as { readonly case?: string }).case === 'started';
}

/** Ends a stream that never began. */
export const streamNothing: Behaviour = () => Readable.from([]);

const SNAPSHOT = { kind: 'cooccurrence', version: 'starter-1' };

/** The three services that the gateway leans on, as fakes on real sockets. */
export interface FakeDependencies {
  readonly generation: FakeServer;
  readonly ctr: FakeServer;
  readonly cooccurrence: FakeServer;
  /** Puts everybody back to sane behaviour. */
  heal(): void;
  stop(): Promise<void>;
}

const SANE = {
  generation: { ListTasks: () => ({ tasks: TASKS }), StreamGenerate: streamList() },
  ctr: {
    // Half of what the one before it has; of several candidates, the last the most.
    BatchPredictNext: ({ requests }: BatchPredictNextRequest) => ({
      responses: requests.map(({ chosenQueries, candidates }) => ({
        clickProbabilities: candidates.map((_, index) => (index === 0 ? 0.5 ** (chosenQueries.length + 1) : 1 - 0.5 ** (index + 1))),
        model: { kind: 'ctr', version: 'starter-1' },
      })),
    }),
  },
  cooccurrence: {
    Retrieve: ({ query, limit }: RetrieveRequest) => ({
      nextQueries: ['price', 'for renters', 'tax credit'].slice(0, limit).map((more, index) => ({
        text: `${query} ${more}`,
        count: BigInt(9 - index),
        transitionProbability: 0.3,
        similarity: 1,
        score: 0.3,
      })),
      snapshot: SNAPSHOT,
    }),
    ListPopular: () => ({ queries: ['weather tomorrow', 'convert cups to ml'].map((text) => ({ text, count: 99n })), snapshot: SNAPSHOT }),
  },
};

export async function startFakeDependencies(): Promise<FakeDependencies> {
  const generation = await new FakeServer(GenerationService, SANE.generation).start();
  const ctr = await new FakeServer(CtrService, SANE.ctr).start();
  const cooccurrence = await new FakeServer(CooccurrenceService, SANE.cooccurrence).start();
  return {
    generation,
    ctr,
    cooccurrence,
    heal: () => {
      generation.reset(SANE.generation);
      ctr.reset(SANE.ctr);
      cooccurrence.reset(SANE.cooccurrence);
    },
    stop: async () => {
      await Promise.all([generation.stop(), ctr.stop(), cooccurrence.stop()]);
    },
  };
}
