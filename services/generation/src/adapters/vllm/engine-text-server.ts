import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { type GrpcClient, grpcClient } from '@gqr/chassis/grpc/client';
import { Health, HealthCheckResponse_ServingStatus } from '@gqr/protos/grpc/health/v1/health';
import { type GenerateComplete, type GenerateRequestSchema, VllmEngine } from '@gqr/protos/vllm/engine';
import type { Vocabulary } from '../../domain/decode/token-model.js';
import { requireScores, rpcFault } from './rpc-fault.js';
import { type ServerFacts, ServerFault, type TextPiece, type TextRequest, type TextServer, TOP_K } from './text-server.js';
import { TokenJoiner } from './token-joiner.js';

const NO_ADAPTERS = 'it manages no adapters: the weights that it serves are all that it can write with';

/** vLLM's engine without its tokenizer (`vllm serve --grpc`): it takes and gives tokens, and has no adapters. */
export class EngineTextServer implements TextServer {
  private readonly engine: GrpcClient<typeof VllmEngine>;
  private readonly health: GrpcClient<typeof Health>;

  /** @param vocabulary that of the model which is served */
  constructor(
    readonly address: string,
    private readonly vocabulary: Pick<Vocabulary, 'decode' | 'isMarker'>,
  ) {
    this.engine = grpcClient(VllmEngine, address);
    this.health = grpcClient(Health, address);
  }

  describe(limits: CallLimits): Promise<ServerFacts> {
    return this.translated(limits, async () => {
      const { isGeneration, maxContextLength } = await this.engine.getModelInfo({}, limits);
      if (!isGeneration) throw new ServerFault('refused', this.address, 'the model that it serves does not write');
      // It tells neither its version nor one start from another.
      return { version: '', instanceId: '', contextTokens: maxContextLength, takesAdapters: false };
    });
  }

  checkReady(limits: CallLimits): Promise<void> {
    return this.translated(limits, async () => {
      const { status: serving } = await this.health.check({ service: VllmEngine.typeName }, limits);
      if (serving !== HealthCheckResponse_ServingStatus.SERVING) throw new ServerFault('gone', this.address, 'it is not serving');
    });
  }

  async *write(request: TextRequest, limits: CallLimits, heard: () => void): AsyncGenerator<TextPiece, void> {
    const pieces = new TokenJoiner(this.vocabulary);
    try {
      for await (const { response } of this.engine.generate(toMessage(request), limits)) {
        heard();
        if (response.case === 'complete') {
          yield pieces.end(this.endOf(response.value));
          return;
        }
        const piece = pieces.join(response.value?.tokenIds ?? []);
        if (piece !== undefined) yield piece;
      }
    } catch (error) {
      throw rpcFault(error, this.address, limits);
    }
    throw rpcFault(new ServerFault('junk', this.address, 'the stream ended in the middle of the text'), this.address, limits);
  }

  scorePrompt(tokens: readonly number[], _adapter: string, limits: CallLimits): Promise<readonly number[]> {
    return this.translated(limits, async () => {
      const logprobs: number[] = [];
      const request: MessageInitShape<typeof GenerateRequestSchema> = {
        requestId: randomUUID(),
        input: { case: 'tokenized', value: { inputIds: [...tokens] } },
        samplingParams: { temperature: 0, maxTokens: 1, promptLogprobs: 0 },
      };
      for await (const { response } of this.engine.generate(request, limits))
        if (response.case === 'complete')
          logprobs.push(...(response.value.inputLogprobs?.tokenLogprobs ?? []).map(({ value }) => value ?? 0));
      return requireScores(logprobs, tokens.length, this.address);
    });
  }

  loadAdapter(): Promise<never> {
    return Promise.reject(new ServerFault('refused', this.address, NO_ADAPTERS));
  }

  unloadAdapter(): Promise<void> {
    return Promise.resolve(); // it has none
  }

  listAdapters(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  close(): void {
    for (const client of [this.engine, this.health]) client.close();
  }

  private endOf({ finishReason }: GenerateComplete): TextPiece['end'] {
    switch (finishReason) {
      case 'stop':
        return 'whole';
      case 'length':
        return 'used-up';
      case 'abort':
        throw new ServerFault('gone', this.address, 'it gave the text up');
      default:
        throw new ServerFault('failed', this.address, `it ended the text for ${JSON.stringify(finishReason.slice(0, 40))}`);
    }
  }

  private async translated<T>(limits: CallLimits, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw rpcFault(error, this.address, limits);
    }
  }
}

function toMessage({ prompt, decoding, seed, regex, maxTokens }: TextRequest): MessageInitShape<typeof GenerateRequestSchema> {
  return {
    requestId: randomUUID(),
    input: { case: 'tokenized', value: { inputIds: [...prompt] } },
    samplingParams: {
      temperature: decoding.temperature,
      topP: decoding.topP,
      minP: decoding.minP,
      topK: TOP_K,
      presencePenalty: decoding.diversity,
      seed: Number(BigInt.asUintN(31, seed)),
      maxTokens,
      constraint: { case: 'regex', value: regex },
    },
    stream: true,
  };
}
