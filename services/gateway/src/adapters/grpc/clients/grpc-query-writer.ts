import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import {
  type GeneratedQuery,
  type GenerateResponse,
  type GenerationService,
  type GenerationStarted,
  PoolKey,
} from '@gqr/protos/gqr/generation/v1/generation';
import type {
  ListOrigin,
  QueryWriter,
  WriteRequest,
  WrittenList,
  WrittenPiece,
  WrittenQuery,
} from '../../../domain/recommend/query-writer.js';
import type { Guard } from './guarded.js';
import { toModelVersion } from './model-version.js';

/** The generation service as the language model. */
export class GrpcQueryWriter implements QueryWriter {
  constructor(
    private readonly client: GrpcClient<typeof GenerationService>,
    private readonly guard: Guard,
  ) {}

  write(request: WriteRequest, limits: CallLimits, onPiece: (piece: WrittenPiece) => void): Promise<WrittenList> {
    return this.guard.call(limits, async () => {
      let list: GenerateResponse | undefined;
      try {
        for await (const { event } of this.client.streamGenerate({ request: toMessage(request) }, limits)) {
          if (event.case === 'started') onPiece({ kind: 'started', ...toOrigin(event.value) });
          else if (event.case === 'auxiliaryText') onPiece({ kind: 'auxiliary_text', name: event.value.name, text: event.value.text });
          else if (event.case === 'query') onPiece({ kind: 'query', ...toWrittenQuery(event.value) });
          else if (event.case === 'response') list = event.value;
        }
      } catch (error) {
        // A stream that breaks behind its last message has nothing left to lose.
        if (list === undefined) throw error;
      }
      if (list === undefined) throw this.guard.invalid('the stream ended without the whole list');
      return toWrittenList(list);
    });
  }
}

function toMessage(request: WriteRequest) {
  const { taskId, context, cooccurrenceQueries, count, pool, includePrompt } = request;
  return {
    taskId,
    context: { ...context, history: context.history.map((turn) => ({ ...turn })), sideInformation: { ...context.sideInformation } },
    cooccurrenceQueries: [...cooccurrenceQueries],
    count,
    pool: { size: pool.size, key: pool.key === 'query' ? PoolKey.QUERY : PoolKey.PROMPT },
    includePrompt,
  };
}

/** A logarithm of a probability; undefined for what cannot be one. */
function toWrittenQuery({ text, logPropensity }: GeneratedQuery): WrittenQuery {
  const possible = logPropensity !== undefined && Number.isFinite(logPropensity) && logPropensity <= 0;
  return { text, logPropensity: possible ? logPropensity : undefined };
}

function toOrigin({ policy, promptVersion, decoding }: GenerateResponse | GenerationStarted): ListOrigin {
  return {
    policy: toModelVersion(policy),
    promptVersion,
    decoding: decoding && {
      temperature: decoding.temperature,
      topP: decoding.topP,
      minP: decoding.minP,
      seed: decoding.seed,
      poolSize: decoding.poolSize,
      repetitionPenalty: decoding.repetitionPenalty,
      diversity: decoding.diversity,
    },
  };
}

function toWrittenList(list: GenerateResponse): WrittenList {
  const { usage } = list;
  return {
    ...toOrigin(list),
    queries: list.queries.map(toWrittenQuery),
    auxiliaryTexts: list.auxiliaryTexts,
    usage: usage && {
      promptTokens: usage.promptTokens,
      cachedPromptTokens: usage.cachedPromptTokens,
      completionTokens: usage.completionTokens,
      redraws: usage.redraws,
    },
    prompt: list.prompt,
  };
}
