import { Health, HealthCheckResponse_ServingStatus as Serving } from '@gqr/protos/grpc/health/v1/health';
import { Control, type LoadLoraRequest } from '@gqr/protos/vllm/control';
import { FinishInfo_FinishReason as Reason, type GenerateRequest, Inference } from '@gqr/protos/vllm/inference';
import { startFakeServer } from '../load/fake-service.js';
import { listThatTakes, spreadOver } from './planned-list.js';

/** The grammar by which generation warms a server up. */
const WARM_UP = 'a';
/** The fractional part of its multiples is spread evenly, in an order without a pattern. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

/**
 * vLLM's native gRPC server, as far as generation asks it, which writes a list of three queries in `llmMs` on average, token by token, as
 * many at a time as are asked for. Lists take from half as long to half as long again, so that callers do not march in step.
 * @param onList is told every request for a list
 */
export function startFakeVllm(llmMs: number, onList: (request: GenerateRequest) => void): Promise<string> {
  let lists = 0;
  const adapters = new Map<string, string>();
  const write = async function* (request: GenerateRequest) {
    const asked = request.decoding?.structuredOutput;
    const warmsUp = asked?.case === 'regex' && asked.value === WARM_UP;
    if (!warmsUp) onList(request);
    const plannedMs = warmsUp ? 0 : Math.round(llmMs * (0.5 + ((++lists * GOLDEN_RATIO) % 1)));
    yield { promptInfo: { numPromptTokens: request.prompt.case === 'tokenIds' ? request.prompt.value.ids.length : 0 } };
    let numOutputTokens = 0;
    for await (const text of spreadOver(warmsUp ? WARM_UP : listThatTakes(plannedMs), plannedMs)) {
      numOutputTokens++;
      yield { outputs: { text, numTokens: 1 } };
    }
    yield { outputs: { finishInfo: { numOutputTokens, finishReason: Reason.STOP } } };
  };
  return startFakeServer(
    [Health, { Check: () => ({ status: Serving.SERVING }) }],
    [
      Control,
      {
        GetServerInfo: () => ({ engineVersion: '0.33.0', apiVersion: 'vllm', instanceId: 'fake', maxModelLen: 2_048 }),
        GetModelInfo: () => ({ servedModelName: 'base', supportsTokenIdsInput: true, supportsLora: true }),
        ListLoras: () => ({ adapters: [...adapters].map(([loraName, sourcePath]) => ({ loraName, sourcePath })) }),
        LoadLora: ({ loraName, sourcePath }: LoadLoraRequest) => {
          adapters.set(loraName, sourcePath);
          return {};
        },
      },
    ],
    [Inference, { GenerateStream: write }],
  );
}
