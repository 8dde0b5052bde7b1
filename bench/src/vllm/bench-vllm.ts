import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { fromBinary } from '@bufbuild/protobuf';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { startService } from '@gqr/chassis/testing/running-service';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { Health } from '@gqr/protos/grpc/health/v1/health';
import { type GenerateRequest, GenerateRequestSchema, Inference } from '@gqr/protos/vllm/inference';
import { type Generation, inputsOf } from '../generation/conversations.js';
import { load } from '../load/load.js';
import { cpuMs } from '../load/processor-time.js';
import { provideModels } from '../models/stable-models.js';
import { quantile, sum } from '../report/quantiles.js';
import { ms, printTable, printTitle, ratio } from '../report/table.js';
import { mainOf, needed, ROOT, STARTER_MODELS } from '../site.js';
import { plannedMsOf } from './planned-list.js';

const TASK = 'suggestion';
const BUDGET_MS = 3;
const BARE_CALLS = 400;
/** The ways take turns, so that what disturbs the one disturbs the other. */
const ROUNDS = 2;
const WARM_UP_LISTS_PER_CALLER = 4;

type List = (index: number) => Promise<Sample>;

/** One list as its caller sees it. */
interface Sample {
  readonly totalMs: number;
  /** All but the time that the fake took to write it. */
  readonly besideMs: number;
  readonly redraws: number;
}

/** What was measured on one of the ways, all rounds together. */
class Way {
  readonly samples: Sample[] = [];
  private passedMs = 0;

  async measure(lists: number, concurrency: number, one: List, beginMs: number): Promise<void> {
    const startedAt = performance.now();
    this.samples.push(...(await load(lists, concurrency, one, beginMs)));
    this.passedMs += performance.now() - startedAt;
  }

  get listsPerSecond(): number {
    return (this.samples.length * 1000) / this.passedMs;
  }

  whole(share: number): number {
    return quantile(
      this.samples.map(({ totalMs }) => totalMs),
      share,
    );
  }

  beside(share: number): number {
    return quantile(
      this.samples.map(({ besideMs }) => besideMs),
      share,
    );
  }
}

function sampleOf(startedAt: number, text: string, redraws: number): Sample {
  const totalMs = performance.now() - startedAt;
  const plannedMs = plannedMsOf(text);
  if (Number.isNaN(plannedMs)) throw new Error(`not a list of the fake: ${text}`);
  return { totalMs, besideMs: totalMs - plannedMs, redraws };
}

/** A list straight from the server, by a request that the service sent it before. */
function directly(inference: GrpcClient<typeof Inference>, recorded: readonly GenerateRequest[]): List {
  return async (index) => {
    const request = recorded[index % recorded.length];
    if (request === undefined) throw new Error('the service asked the fake for nothing');
    const startedAt = performance.now();
    let text = '';
    for await (const { outputs } of inference.generateStream(request)) text += outputs?.text ?? '';
    return sampleOf(startedAt, text, 0);
  };
}

/** A list by the service. */
function byService(generation: Generation): List {
  return async (index) => {
    const startedAt = performance.now();
    const list = await generation.generate({ taskId: TASK, ...inputsOf(index) });
    return sampleOf(startedAt, list.queries.at(-1)?.text ?? '', list.usage?.redraws ?? 0);
  };
}

/** A list by the service, query by query, as the gateway asks for it. */
function streamedByService(generation: Generation): List {
  return async (index) => {
    const startedAt = performance.now();
    for await (const { event } of generation.streamGenerate({ request: { taskId: TASK, ...inputsOf(index) } })) {
      if (event.case !== 'response') continue;
      const { queries, usage } = event.value;
      return sampleOf(startedAt, queries.at(-1)?.text ?? '', usage?.redraws ?? 0);
    }
    throw new Error('a stream ended without its list');
  };
}

/** One bare call of a server that answers at once: what a hop costs on this machine today. */
async function measureHop(address: string): Promise<number> {
  const client = grpcClient(Health, address);
  const one = async (): Promise<number> => {
    const startedAt = performance.now();
    await client.check({ service: Inference.typeName });
    return performance.now() - startedAt;
  };
  await load(BARE_CALLS, 1, one);
  const times = await load(BARE_CALLS, 1, one);
  client.close();
  return quantile(times, 0.5);
}

function print(direct: Way, service: Way, streamed: Way, hopMs: number): void {
  const row = (name: string, way: Way): string[] => [
    name,
    way.listsPerSecond.toFixed(1),
    ms(way.whole(0.5)),
    ms(way.beside(0.5)),
    ms(way.beside(0.99)),
    (way.beside(0.5) / hopMs).toFixed(1),
    '',
  ];
  const added = (name: string, way: Way): string[] => {
    const [median, tail] = [way.beside(0.5) - direct.beside(0.5), way.beside(0.99) - direct.beside(0.99)];
    return [name, '', '', ms(median), ms(tail), (median / hopMs).toFixed(1), ratio(median, BUDGET_MS)];
  };
  printTable(
    ['', 'lists/s', 'list p50', 'beside writing p50', 'p99', 'in bare calls (p50)', 'of budget (p50)'],
    [
      ['A bare gRPC call, one at a time', '', '', ms(hopMs), '', '1.0', ''],
      row('Straight from the fake vLLM', direct),
      row('By the service', service),
      row('By the service, streamed', streamed),
      added('Added by the service', service),
      added('Added by the service, streamed', streamed),
    ],
  );
}

/** What generation adds over vLLM's native gRPC, many callers at a time: the very same requests straight to the server, and through it. */
export async function benchVllm(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      concurrency: { type: 'string', default: '64' },
      requests: { type: 'string', default: '1280' },
      'llm-ms': { type: 'string', default: '2000' },
      registry: { type: 'string', default: STARTER_MODELS },
    },
  });
  const [concurrency, requests, llmMs] = [Number(values.concurrency), Number(values.requests), Number(values['llm-ms'])];
  printTitle(
    `vLLM: what generation adds at concurrency ${values.concurrency}; vLLM is a fake that writes a list in ${values['llm-ms']} ms`,
  );

  // On a thread of its own, as a server has: no token waits for what callers do.
  const fake = new Worker(new URL('./fake-vllm.worker.js', import.meta.url), { workerData: { llmMs } });
  const [address] = (await once(fake, 'message')) as [string];
  const folder = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
  await provideModels(resolve(ROOT, values.registry), folder);
  const service = await startService(
    mainOf('generation'),
    {
      GQR_LLM_MODEL: needed('GQR_LLM_MODEL'),
      GQR_LLM_MODEL_SHA256: needed('GQR_LLM_MODEL_SHA256'),
      GQR_GENERATION_BACKEND: 'vllm',
      GQR_VLLM_TARGETS: address,
      GQR_VLLM_CONCURRENCY: values.concurrency,
      GQR_TASKS_DIR: join(ROOT, 'services', 'generation', 'tasks'),
      GQR_REGISTRY: folder,
      GQR_LOG_LEVEL: 'warn',
    },
    300_000,
  );
  const hopMs = await measureHop(address);
  const generation = grpcClient(GenerationService, service.grpc);
  const inference = grpcClient(Inference, address);

  const warmUp = WARM_UP_LISTS_PER_CALLER * concurrency;
  await load(warmUp, concurrency, byService(generation), llmMs);
  fake.postMessage('recorded');
  const [binaries] = (await once(fake, 'message')) as [Uint8Array[]];
  const recorded = binaries.map((binary) => fromBinary(GenerateRequestSchema, binary));
  await load(warmUp, concurrency, directly(inference, recorded), llmMs);

  const ways = { direct: new Way(), service: new Way(), streamed: new Way() };
  const usedMs = { service: 0, streamed: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const lists = Math.ceil(requests / ROUNDS);
    await ways.direct.measure(lists, concurrency, directly(inference, recorded), llmMs);
    for (const [name, list] of [['service', byService] as const, ['streamed', streamedByService] as const]) {
      const before = cpuMs(service.process.pid);
      await ways[name].measure(lists, concurrency, list(generation), llmMs);
      usedMs[name] += cpuMs(service.process.pid) - before;
    }
  }
  print(ways.direct, ways.service, ways.streamed, hopMs);
  const { samples } = ways.service;
  console.log(
    `\n${(usedMs.service / samples.length).toFixed(2)} ms of CPU a list in the service, ${(usedMs.streamed / samples.length).toFixed(2)} streamed, ` +
      `${String(sum([...samples, ...ways.streamed.samples].map(({ redraws }) => redraws)))} lines drawn again. Budget: less than ${String(BUDGET_MS)} ms added at p50. "Beside writing" is what a caller waits beyond the time that the fake takes.`,
  );
  generation.close();
  inference.close();
  await service.stop();
  await fake.terminate();
  rmSync(folder, { recursive: true, force: true });
}
