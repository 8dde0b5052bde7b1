import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { grpcClient } from '@gqr/chassis/grpc/client';
import { type RunningService, startService } from '@gqr/chassis/testing/running-service';
import { CooccurrenceService } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';
import { CtrService } from '@gqr/protos/gqr/ctr/v1/ctr';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { RecommendationService } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { load } from '../load/load.js';
import { cpuMs } from '../load/processor-time.js';
import { provideModels } from '../models/stable-models.js';
import { quantile, sum } from '../report/quantiles.js';
import { ms, printTable, printTitle, ratio } from '../report/table.js';
import { mainOf, ROOT, STARTER_MODELS } from '../site.js';
import { TASK } from './fakes.js';
import type { FakeAddresses } from './fakes.worker.js';

/** More than are measured, so that warming up takes less time than measuring. */
const WARM_UP_CALLERS = 48;
const BUDGET_MS = { p50: 5, p99: 15 } as const;
const HISTORY = [{ query: 'how does electricity work', response: 'It flows.' }];
const RESPONSE = 'Solar panels turn light into electricity. '.repeat(20);

interface Options {
  readonly concurrency: number;
  readonly requests: number;
  readonly warmUp: number;
}

/** One call as its caller sees it. */
interface Sample {
  readonly totalMs: number;
  /** All but the language model: serialisation, sockets and all. */
  readonly besideMs: number;
  readonly phases: Readonly<Record<string, number>>;
}

interface Measured {
  readonly samples: readonly Sample[];
  /** Why answers were degraded, once for each of them. */
  readonly reasons: readonly string[];
  readonly requestsPerSecond: number;
  readonly cpuMsPerRequest: number;
}

/** Services that the gateway asks, by the variables that name them, and queries that they know. */
interface Surroundings {
  readonly addresses: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
}

/** The same lists straight from the language model: what a caller would wait without a gateway. */
async function measureDirect(generation: string, { concurrency, requests, warmUp }: Options): Promise<number[]> {
  const client = grpcClient(GenerationService, generation);
  const one = async (index: number): Promise<number> => {
    const startedAt = performance.now();
    const context = { query: `solar panels ${String(index)}`, response: RESPONSE, history: HISTORY };
    let pieces = 0;
    for await (const { event } of client.streamGenerate({ request: { taskId: TASK, context } })) if (event.case !== undefined) pieces++;
    if (pieces === 0) throw new Error('the fake language model wrote nothing');
    return performance.now() - startedAt;
  };
  await load(warmUp, WARM_UP_CALLERS, one);
  const times = await load(requests, concurrency, one);
  client.close();
  return times;
}

/** One bare call of a service that answers at once: what a hop costs on this machine today. */
async function measureHop(ctr: string, { concurrency, requests, warmUp }: Options): Promise<number> {
  const client = grpcClient(CtrService, ctr);
  const one = async (index: number): Promise<number> => {
    const startedAt = performance.now();
    await client.predictList({
      taskId: TASK,
      context: { query: `solar panels ${String(index)}` },
      queries: ['price', 'lifespan', 'in winter'],
    });
    return performance.now() - startedAt;
  };
  await load(warmUp, WARM_UP_CALLERS, one);
  const times = await load(requests, concurrency, one);
  client.close();
  return quantile(times, 0.5);
}

async function measureGateway({ addresses, queries }: Surroundings, { concurrency, requests, warmUp }: Options): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
  const gateway = await startService(mainOf('gateway'), {
    ...addresses,
    GQR_EVENT_LOG: join(folder, 'events.sqlite'),
    GQR_GATEWAY_ID_SECRET: 'ab'.repeat(32),
    GQR_GATEWAY_POOL_SIZE: '0',
    GQR_LOG_LEVEL: 'warn',
  });
  const client = grpcClient(RecommendationService, gateway.grpc);
  const reasons: string[] = [];
  const one = async (index: number): Promise<Sample> => {
    const startedAt = performance.now();
    const query = queries[index % queries.length] ?? '';
    const answer = await client.recommend({
      taskId: TASK,
      query,
      response: RESPONSE,
      history: HISTORY,
      sessionId: `s${String(index % 50)}`,
    });
    const totalMs = performance.now() - startedAt;
    if (answer.degradation !== undefined) reasons.push(answer.degradation.reasons.join('+'));
    const phases = Object.fromEntries(answer.timings.map(({ phase, durationMs }) => [phase, durationMs]));
    return { totalMs, besideMs: totalMs - (phases['generation'] ?? 0), phases };
  };
  await load(warmUp, WARM_UP_CALLERS, one);
  reasons.length = 0;
  const cpuBefore = cpuMs(gateway.process.pid);
  const startedAt = performance.now();
  const samples = await load(requests, concurrency, one);
  const requestsPerSecond = (requests * 1000) / (performance.now() - startedAt);
  const cpuMsPerRequest = (cpuMs(gateway.process.pid) - cpuBefore) / requests;
  client.close();
  await gateway.stop();
  rmSync(folder, { recursive: true, force: true });
  return { samples, reasons, requestsPerSecond, cpuMsPerRequest };
}

/** The real co-occurrence service and click predictor with models of `registry`; undefined if it lacks one of them. */
async function startReal(
  registry: string,
): Promise<{ ctr: RunningService; cooccurrence: RunningService; queries: string[]; folder: string } | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
  const kinds = await provideModels(registry, folder);
  if (!kinds.includes('ctr') || !kinds.includes('cooccurrence')) {
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  const env = { GQR_REGISTRY: folder, GQR_LOG_LEVEL: 'warn', OMP_NUM_THREADS: '1' };
  const [ctr, cooccurrence] = await Promise.all([startService(mainOf('ctr'), env), startService(mainOf('cooccurrence'), env)]);
  const client = grpcClient(CooccurrenceService, cooccurrence.grpc);
  const { queries } = await client.listPopular({ limit: 100 });
  client.close();
  return { ctr, cooccurrence, queries: queries.map(({ text }) => text), folder };
}

function printMeasured(measured: readonly (readonly [string, Measured])[], direct: readonly number[], hopMs: number): void {
  const head = ['', 'p50', 'of budget', 'p99', 'of budget', 'in bare calls (p50)', 'to the LLM alone (p50)'];
  const alone = quantile(direct, 0.5);
  const rows = measured.map(([name, { samples }]) => {
    const beside = samples.map(({ besideMs }) => besideMs);
    const [p50, p99] = [quantile(beside, 0.5), quantile(beside, 0.99)];
    const whole = quantile(
      samples.map(({ totalMs }) => totalMs),
      0.5,
    );
    return [name, ms(p50), ratio(p50, BUDGET_MS.p50), ms(p99), ratio(p99, BUDGET_MS.p99), (p50 / hopMs).toFixed(1), ratio(whole, alone)];
  });
  printTable(head, [
    ['A bare gRPC call, one at a time', ms(hopMs), '', '', '', '1.0', ''],
    ['LLM alone (fake), without a gateway', ms(alone), '', ms(quantile(direct, 0.99)), '', '', '1.00'],
    ...rows,
  ]);
  for (const [name, { samples, reasons, requestsPerSecond, cpuMsPerRequest }] of measured) {
    console.log(
      `\n${name}: ${requestsPerSecond.toFixed(0)} requests/s, ${cpuMsPerRequest.toFixed(2)} ms of CPU a request in the gateway, ` +
        `${String(reasons.length)} of ${String(samples.length)} degraded${reasons.length === 0 ? '' : ` (${[...new Set(reasons)].join(', ')})`}`,
    );
    const phases = [...new Set(samples.flatMap((sample) => Object.keys(sample.phases)))];
    const all = sum(samples.map(({ besideMs }) => besideMs));
    printTable(
      ['  phase', 'p50', 'p99', 'share of own time'],
      phases.map((phase) => {
        const times = samples.map((sample) => sample.phases[phase] ?? 0);
        const share = phase === 'generation' ? '' : `${((100 * sum(times)) / all).toFixed(0)}%`;
        return [`  ${phase}`, ms(quantile(times, 0.5)), ms(quantile(times, 0.99)), share];
      }),
    );
  }
}

/** The gateway's own time, all but the language model's: against fakes that answer at once, and with the real services behind it. */
export async function benchGateway(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      concurrency: { type: 'string', default: '8' },
      requests: { type: 'string', default: '800' },
      'warm-up': { type: 'string', default: '2000' },
      'llm-ms': { type: 'string', default: '500' },
      registry: { type: 'string', default: STARTER_MODELS },
    },
  });
  const options = { concurrency: Number(values.concurrency), requests: Number(values.requests), warmUp: Number(values['warm-up']) };
  const registry = resolve(ROOT, values.registry);
  printTitle(
    `Gateway: own time at concurrency ${values.concurrency}; the language model is a fake that writes a list in ${values['llm-ms']} ms`,
  );

  // On a thread of their own, as the services have: no answer waits for what callers do.
  const fakes = new Worker(new URL('./fakes.worker.js', import.meta.url), { workerData: { llmMs: Number(values['llm-ms']) } });
  const [{ generation, ctr, cooccurrence }] = (await once(fakes, 'message')) as [FakeAddresses];
  const hopMs = await measureHop(ctr, { ...options, concurrency: 1 });
  const direct = await measureDirect(generation, options);
  const measured: [string, Measured][] = [];
  const addresses = {
    GQR_GENERATION_ADDRESS: generation,
    GQR_CTR_ADDRESS: ctr,
    GQR_COOCCURRENCE_ADDRESS: cooccurrence,
  };
  const queries = Array.from({ length: 1_000 }, (_, index) => `solar panels ${String(index)}`);
  measured.push(['Own time, everything else a fake', await measureGateway({ addresses, queries }, options)]);

  const real = await startReal(registry);
  if (real !== undefined) {
    const realAddresses = { ...addresses, GQR_CTR_ADDRESS: real.ctr.grpc, GQR_COOCCURRENCE_ADDRESS: real.cooccurrence.grpc };
    measured.push([
      'Own time, real cooccurrence and ctr',
      await measureGateway({ addresses: realAddresses, queries: real.queries }, options),
    ]);
    await Promise.all([real.ctr.stop(), real.cooccurrence.stop()]);
    rmSync(real.folder, { recursive: true, force: true });
  }
  printMeasured(measured, direct, hopMs);
  if (real === undefined) {
    console.log(
      `\nNot measured with the real cooccurrence and ctr: ${registry} lacks a model of one of them. --registry names another registry.`,
    );
  }
  await fakes.terminate();
}
