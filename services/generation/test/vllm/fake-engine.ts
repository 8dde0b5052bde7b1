import { serviceDefinition } from '@gqr/chassis/grpc/definition';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '@gqr/protos/grpc/health/v1/health';
import { type GenerateRequest, VllmEngine } from '@gqr/protos/vllm/engine';
import { type sendUnaryData, Server, type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { FakeVocabulary } from '../../src/domain/testing/fake-token-model.js';
import { bind, JUNK, logprobOf, textOf } from './fake-vllm.js';

const vocabulary = new FakeVocabulary();

/** vLLM's engine server as its servicer is written (smg-grpc-servicer 0.14), on a real socket. Its texts match the grammars of regexOf. */
export class FakeEngine {
  mood: 'well' | 'slow' | 'hung' | 'half' | 'junk' | 'failing' | 'full' | 'aborted' | 'draining' = 'well';
  isGeneration = true;
  readonly asked: GenerateRequest[] = [];
  cancelled = 0;
  private readonly server = new Server();

  private constructor() {
    this.server.addService(serviceDefinition(Health), {
      Check: (_call: unknown, respond: sendUnaryData<object>) => {
        respond(null, { status: this.mood === 'draining' ? Serving.NOT_SERVING : Serving.SERVING });
      },
    });
    this.server.addService(serviceDefinition(VllmEngine), {
      GetModelInfo: (_call: ServerUnaryCall<object, object>, respond: sendUnaryData<object>) => {
        respond(null, { modelPath: 'base', isGeneration: this.isGeneration, maxContextLength: 512 });
      },
      Generate: (call: ServerWritableStream<GenerateRequest, object>) => {
        this.asked.push(call.request);
        call.on('cancelled', () => this.cancelled++);
        void this.answer(call);
      },
    });
  }

  static async start(): Promise<FakeEngine & { readonly address: string }> {
    const fake = new FakeEngine();
    return Object.assign(fake, { address: `127.0.0.1:${String(await bind(fake.server, 0))}` });
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private async answer(call: ServerWritableStream<GenerateRequest, object>): Promise<void> {
    const { samplingParams: params, input, stream, requestId } = call.request;
    const fail = (code: status, details: string): void => void call.emit('error', Object.assign(new Error(details), { code, details }));
    if (this.mood === 'hung') return;
    if (this.mood === 'full') fail(status.RESOURCE_EXHAUSTED, 'too many requests');
    else if (this.mood === 'failing') fail(status.INTERNAL, 'EngineDeadError');
    else if (requestId === '' || input.case !== 'tokenized') fail(status.INVALID_ARGUMENT, 'a request needs an id and tokens');
    else if (params?.promptLogprobs !== undefined) {
      const { inputIds } = input.value;
      const tokenLogprobs = inputIds.map((id, at) => (at === 0 ? {} : { value: -logprobOf(id) }));
      const scored = this.mood === 'junk' ? tokenLogprobs.slice(1) : tokenLogprobs;
      call.write({ response: { case: 'complete', value: { finishReason: 'length', inputLogprobs: { tokenLogprobs: scored } } } });
      call.end();
    } else await this.write(call, this.mood === 'junk' ? JUNK : textOf(params?.constraint.value ?? '', params?.seed ?? 0), stream);
  }

  private async write(call: ServerWritableStream<GenerateRequest, object>, text: string, stream: boolean): Promise<void> {
    const tokens = [...vocabulary.encode(text), vocabulary.endOfText];
    const chunks = Array.from({ length: Math.ceil(tokens.length / 5) }, (_, at) => tokens.slice(at * 5, at * 5 + 5));
    for (const [at, tokenIds] of chunks.entries()) {
      if (this.mood === 'slow') await new Promise((resume) => setTimeout(resume, 5));
      if (call.cancelled) return;
      if (at === 1 && this.mood === 'half') {
        call.end();
        return;
      }
      if (stream) call.write({ response: { case: 'chunk', value: { tokenIds } } });
    }
    const finishReason = this.mood === 'aborted' ? 'abort' : 'stop';
    call.write({ response: { case: 'complete', value: { outputIds: stream ? (chunks.at(-1) ?? []) : tokens, finishReason } } });
    call.end();
  }
}
