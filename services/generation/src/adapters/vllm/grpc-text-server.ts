import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { type GrpcClient, grpcClient, RpcError } from '@gqr/chassis/grpc/client';
import { Health, HealthCheckResponse_ServingStatus } from '@gqr/protos/grpc/health/v1/health';
import { Control } from '@gqr/protos/vllm/control';
import { FinishInfo_FinishReason, type GenerateRequestSchema, Inference } from '@gqr/protos/vllm/inference';
import { status } from '@grpc/grpc-js';
import { PieceJoiner } from './piece-joiner.js';
import { requireScores, rpcFault } from './rpc-fault.js';
import { type ServerFacts, ServerFault, type TextPiece, type TextRequest, type TextServer, TOP_K } from './text-server.js';

/** vLLM's native gRPC server, or one of ours that speaks the same (learner, `serve-rollout`). */
export class GrpcTextServer implements TextServer {
  private readonly inference: GrpcClient<typeof Inference>;
  private readonly control: GrpcClient<typeof Control>;
  private readonly health: GrpcClient<typeof Health>;

  constructor(readonly address: string) {
    this.inference = grpcClient(Inference, address);
    this.control = grpcClient(Control, address);
    this.health = grpcClient(Health, address);
  }

  describe(limits: CallLimits): Promise<ServerFacts> {
    return this.translated(limits, async () => {
      const server = await this.control.getServerInfo({}, limits);
      const model = await this.control.getModelInfo({}, limits);
      if (!model.supportsTokenIdsInput) throw new ServerFault('refused', this.address, 'it does not take prompts as tokens');
      return {
        version: server.engineVersion,
        instanceId: server.instanceId,
        contextTokens: server.maxModelLen,
        takesAdapters: model.supportsLora,
      };
    });
  }

  checkReady(limits: CallLimits): Promise<void> {
    return this.translated(limits, async () => {
      const { status: serving } = await this.health.check({ service: Inference.typeName }, limits);
      if (serving !== HealthCheckResponse_ServingStatus.SERVING) throw new ServerFault('gone', this.address, 'it is not serving');
    });
  }

  async *write(request: TextRequest, limits: CallLimits, heard: () => void): AsyncGenerator<TextPiece, void> {
    const pieces = new PieceJoiner();
    try {
      for await (const { outputs } of this.inference.generateStream(toMessage(request), limits)) {
        heard();
        if (outputs === undefined) continue; // the prompt's figures come first
        const end = outputs.finishInfo && this.endOf(outputs.finishInfo.finishReason);
        const piece = pieces.join(outputs.text, outputs.numTokens, end);
        if (piece !== undefined) yield piece;
        if (end !== undefined) return;
      }
    } catch (error) {
      throw rpcFault(error, this.address, limits, request.adapter);
    }
    throw rpcFault(new ServerFault('junk', this.address, 'the stream ended in the middle of the text'), this.address, limits);
  }

  scorePrompt(tokens: readonly number[], adapter: string, limits: CallLimits): Promise<readonly number[]> {
    return this.translated(
      limits,
      async () => {
        const { promptInfo } = await this.inference.generate(
          {
            prompt: { case: 'tokenIds', value: { ids: [...tokens] } },
            loraName: adapter,
            stopping: { maxNewTokens: 1 },
            response: { promptLogprobs: true },
          },
          limits,
        );
        return requireScores(promptInfo?.logprobs ?? [], tokens.length, this.address);
      },
      adapter,
    );
  }

  loadAdapter(name: string, folder: string, limits: CallLimits): Promise<void> {
    return this.translated(limits, async () => {
      try {
        await this.control.loadLora({ loraName: name, sourcePath: folder }, limits);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        if (error.code === status.ALREADY_EXISTS) return;
        // vLLM answers INTERNAL when the weights do not fit its model.
        if (error.code === status.INTERNAL) throw new ServerFault('refused', this.address, error.message);
        throw error;
      }
    });
  }

  unloadAdapter(name: string, limits: CallLimits): Promise<void> {
    return this.translated(limits, async () => {
      await this.control.unloadLora({ loraName: name }, limits).catch((error: unknown) => {
        if (!(error instanceof RpcError && error.code === status.NOT_FOUND)) throw error;
      });
    });
  }

  listAdapters(limits: CallLimits): Promise<readonly string[]> {
    return this.translated(limits, async () => (await this.control.listLoras({}, limits)).adapters.map(({ loraName }) => loraName));
  }

  close(): void {
    for (const client of [this.inference, this.control, this.health]) client.close();
  }

  private endOf(reason: FinishInfo_FinishReason): TextPiece['end'] {
    switch (reason) {
      case FinishInfo_FinishReason.STOP:
        return 'whole';
      case FinishInfo_FinishReason.LENGTH:
        return 'used-up';
      case FinishInfo_FinishReason.ABORTED:
        throw new ServerFault('gone', this.address, 'it gave the text up');
      case FinishInfo_FinishReason.NOT_FINISHED:
        return undefined;
    }
  }

  private async translated<T>(limits: CallLimits, work: () => Promise<T>, adapter = ''): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw rpcFault(error, this.address, limits, adapter);
    }
  }
}

function toMessage({ prompt, adapter, decoding, seed, regex, maxTokens }: TextRequest): MessageInitShape<typeof GenerateRequestSchema> {
  return {
    prompt: { case: 'tokenIds', value: { ids: [...prompt] } },
    loraName: adapter,
    temperature: decoding.temperature,
    sampling: { topP: decoding.topP, minP: decoding.minP, topK: TOP_K, seed: BigInt.asUintN(62, seed) },
    decoding: { presencePenalty: decoding.diversity, structuredOutput: { case: 'regex', value: regex } },
    stopping: { maxNewTokens: maxTokens },
  };
}
