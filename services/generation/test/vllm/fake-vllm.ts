import type { DescService } from '@bufbuild/protobuf';
import { serviceDefinition } from '@gqr/chassis/grpc/definition';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '@gqr/protos/grpc/health/v1/health';
import { Control } from '@gqr/protos/vllm/control';
import { FinishInfo_FinishReason as Reason, type GenerateRequest, Inference } from '@gqr/protos/vllm/inference';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';

/** What a vLLM server was seen to do, beside working. */
export type Mood =
  | 'well'
  /** It takes a while for each line. */
  | 'slow'
  /** It takes a request and never answers. */
  | 'hung'
  /** Health says NOT_SERVING, and a new request may get no answer at all. */
  | 'draining'
  /** The engine died for want of memory: what was under way fails, and so does all that comes. */
  | 'out-of-memory'
  /** The text is none of the grammar's. */
  | 'junk'
  /** The stream ends in the middle of the text, without a reason. */
  | 'half'
  /** The text is given up in the middle, as for a shutdown. */
  | 'aborted'
  /** It has no room for a request. */
  | 'full'
  /** The grammar cannot be compiled or met; the engine survives. */
  | 'no-grammar';

type Unary = ServerUnaryCall<Record<string, unknown>, object>;
type Streamed = ServerWritableStream<GenerateRequest, object>;

/** vLLM 0.33's native gRPC server as it was seen to behave, on a real socket. Its texts match the grammars of regexOf. */
export class FakeVllm {
  mood: Mood = 'well';
  version = '0.33.0';
  supportsLora = true;
  slowMs = 100;
  /** Pieces of a text that come before it is given up. */
  abortsBehind = 2;
  /** Requests for texts that came in, and those that were cancelled or ran out of time. */
  readonly asked: GenerateRequest[] = [];
  cancelled = 0;
  readonly adapters = new Map<string, string>();
  /** Names of adapters' folders that were made for another model. */
  readonly misfits = new Set<string>();
  private readonly open = new Set<Streamed>();
  private starts = 1;
  private server: Server;

  private constructor(readonly port: number) {
    this.server = this.build();
  }

  static async start(): Promise<FakeVllm> {
    const probe = new Server();
    const port = await bind(probe, 0);
    probe.forceShutdown();
    const fake = new FakeVllm(port);
    await bind(fake.server, port);
    return fake;
  }

  get address(): string {
    return `127.0.0.1:${String(this.port)}`;
  }

  /** Texts that are being written. */
  get underWay(): number {
    return this.open.size;
  }

  /** The process is gone. */
  stop(): void {
    this.server.forceShutdown();
    this.open.clear();
  }

  /** It comes up again, without the adapters that it had. */
  async restart(): Promise<void> {
    this.stop();
    this.starts++;
    this.adapters.clear();
    this.mood = 'well';
    this.server = this.build();
    await bind(this.server, this.port);
  }

  private build(): Server {
    const server = new Server();
    const add = (service: DescService, handlers: Record<string, unknown>): void => {
      server.addService(serviceDefinition(service), handlers as never);
    };
    add(Health, {
      Check: unary(() => ({ status: this.mood === 'draining' || this.mood === 'out-of-memory' ? Serving.NOT_SERVING : Serving.SERVING })),
    });
    add(Control, {
      GetServerInfo: unary(() => ({
        engineVersion: this.version,
        apiVersion: 'vllm',
        instanceId: `start-${String(this.starts)}`,
        maxModelLen: 1_024,
      })),
      GetModelInfo: unary(() => ({ servedModelName: 'base', supportsTokenIdsInput: true, supportsLora: this.supportsLora })),
      ListLoras: unary(() => ({ adapters: [...this.adapters].map(([loraName, sourcePath]) => ({ loraName, sourcePath })) })),
      LoadLora: unary(({ loraName, sourcePath }) => {
        const name = String(loraName);
        if (this.adapters.has(name)) return failure(status.ALREADY_EXISTS, `LoRA adapter \`${name}\` has already been loaded`);
        if (String(sourcePath).startsWith('/nowhere')) return failure(status.INVALID_ARGUMENT, 'no adapter_config.json');
        if (this.misfits.has(String(sourcePath))) return failure(status.INTERNAL, 'size mismatch for q_proj.lora_A');
        this.adapters.set(name, String(sourcePath));
        return {};
      }),
      UnloadLora: unary(({ loraName }) =>
        this.adapters.delete(String(loraName)) ? {} : failure(status.NOT_FOUND, `LoRA adapter \`${String(loraName)}\` is not loaded`),
      ),
      Abort: unary(() => ({})),
    });
    add(Inference, {
      Generate: (call: Unary, respond: sendUnaryData<object>) => {
        this.score(call as unknown as ServerUnaryCall<GenerateRequest, object>, respond);
      },
      GenerateStream: (call: Streamed) => {
        void this.write(call);
      },
    });
    return server;
  }

  private refusal(request: GenerateRequest): Failure | undefined {
    if (request.loraName !== '' && !this.adapters.has(request.loraName))
      return failure(status.NOT_FOUND, `LoRA adapter \`${request.loraName}\` is not loaded`);
    if (this.mood === 'out-of-memory') return failure(status.INTERNAL, 'EngineDeadError: out of memory');
    if (this.mood === 'full') return failure(status.RESOURCE_EXHAUSTED, 'too many requests');
    if (this.mood === 'no-grammar') return failure(status.INTERNAL, 'Grammar error');
    return undefined;
  }

  private score(call: ServerUnaryCall<GenerateRequest, object>, respond: sendUnaryData<object>): void {
    const { request } = call;
    this.asked.push(request);
    if (this.mood === 'hung' || this.mood === 'draining') return;
    const refused = this.refusal(request);
    if (refused !== undefined) {
      respond(refused);
      return;
    }
    const ids = request.prompt.case === 'tokenIds' ? request.prompt.value.ids : [];
    const logprobs = ids.map((id, at) => (at === 0 ? 0 : -logprobOf(id)));
    respond(null, {
      promptInfo: { numPromptTokens: ids.length, logprobs: this.mood === 'junk' ? logprobs.slice(1) : logprobs },
      outputs: { finishInfo: { numOutputTokens: 1, finishReason: Reason.LENGTH } },
    });
  }

  private async write(call: Streamed): Promise<void> {
    const { request } = call;
    this.asked.push(request);
    this.open.add(call);
    call.on('cancelled', () => {
      this.cancelled++;
      this.open.delete(call);
    });
    if (this.mood === 'hung' || this.mood === 'draining') return;
    const refused = this.refusal(request);
    if (refused !== undefined) {
      this.open.delete(call);
      call.emit('error', refused);
      return;
    }
    call.write({ promptInfo: { numPromptTokens: 3 } });
    const asked = request.decoding?.structuredOutput;
    const regex = asked?.case === 'regex' ? asked.value : '';
    const text = this.mood === 'junk' ? JUNK : textOf(regex, Number(request.sampling?.seed ?? 0n));
    // Pieces do not end where lines do.
    const pieces = text.match(/[^]{1,5}/g) ?? [];
    for (const [at, piece] of pieces.entries()) {
      if (this.mood === 'slow') await new Promise((resume) => setTimeout(resume, this.slowMs));
      if (call.cancelled) return;
      if (at === 2 && this.mood === 'half') break;
      if (at === this.abortsBehind && this.mood === 'aborted') {
        call.write({ outputs: { finishInfo: { finishReason: Reason.ABORTED } } });
        break;
      }
      call.write({ outputs: { text: piece, numTokens: piece.length } });
    }
    if (this.mood !== 'half' && this.mood !== 'aborted')
      call.write({ outputs: { finishInfo: { numOutputTokens: text.length, finishReason: Reason.STOP } } });
    this.open.delete(call);
    call.end();
  }
}

interface Failure {
  readonly code: status;
  readonly details: string;
}

function failure(code: status, details: string): Failure & Error {
  return Object.assign(new Error(details), { code, details });
}

function unary(answer: (request: Record<string, unknown>) => object) {
  return (call: Unary, respond: sendUnaryData<object>): void => {
    const result = answer(call.request);
    if (result instanceof Error) respond(result);
    else respond(null, result);
  };
}

/** The log-probability of a token, whatever stands before it: what scores are checked against. */
export function logprobOf(id: number): number {
  return ((id % 7) + 1) / 4;
}

/** A text that is none of the grammar's. */
export const JUNK = 'Sorry, as a\nlanguage model\nI\ncannot\nsay';

const WORDS = ['apple', 'berry', 'cherry', 'damson', 'elder', 'fig', 'grape', 'hazel', 'iris', 'juniper', 'kiwi', 'lemon'];

/** A text that matches a grammar of regexOf: the head of each line and two words that depend on seed and line. */
export function textOf(regex: string, seed: number): string {
  if (regex === 'a') return 'a';
  const parts = regex.split('\\n');
  const ends = parts.at(-1) !== '';
  const lines = (ends ? parts : parts.slice(0, -1)).map((part, at) => {
    const head = /^(?:[^\\[(]|\\.)*/.exec(part)?.[0].replace(/\\(.)/g, '$1') ?? '';
    const word = (k: number): string => WORDS[(seed * 5 + at * 3 + k) % WORDS.length] ?? '';
    return `${head}${word(0)} ${word(4)}`;
  });
  return lines.join('\n') + (ends ? '' : '\n');
}

export function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${String(port)}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
}
