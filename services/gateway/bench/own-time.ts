// How much time the gateway adds to the language model's, at a concurrency, against fakes on real sockets. The fakes answer at once, but
// for the language model, which streams a list in --llm-ms. Prints one JSON document.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { listFor, startFakeDependencies } from '../test/support/fake-dependencies.js';
import { startGateway } from '../test/support/gateway.js';

const { values } = parseArgs({
  options: {
    concurrency: { type: 'string', default: '8' },
    requests: { type: 'string', default: '2000' },
    'llm-ms': { type: 'string', default: '100' },
    'warm-up': { type: 'string', default: '400' },
  },
});
const [concurrency, requests, llmMs, warmUp] = [values.concurrency, values.requests, values['llm-ms'], values['warm-up']].map(Number) as [
  number,
  number,
  number,
  number,
];

interface Sample {
  /** Seen by the caller, minus the language model: serialisation, sockets and all. */
  readonly beside: number;
  readonly phases: Record<string, number>;
}

function quantiles(sorted: readonly number[]): Record<string, number> {
  const at = (q: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN) * 100) / 100;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

const dependencies = await startFakeDependencies();
dependencies.generation.on('StreamGenerate', async function* (request) {
  const list = listFor(request);
  for (const query of list.queries) {
    if (llmMs > 0) await sleep(llmMs / list.queries.length);
    yield { event: { case: 'query', value: query } };
  }
  yield { event: { case: 'response', value: list } };
});
const gateway = await startGateway(dependencies, { GQR_LOG_LEVEL: 'warn' });

async function one(index: number): Promise<Sample> {
  const startedAt = performance.now();
  const { timings } = await gateway.client.recommend({
    taskId: 'suggestion',
    query: `solar panels ${String(index)}`,
    response: 'Solar panels turn light into electricity. '.repeat(20),
    history: [{ query: 'how does electricity work', response: 'It flows.' }],
    sessionId: `session-${String(index % 50)}`,
  });
  const total = performance.now() - startedAt;
  const phases = Object.fromEntries(timings.map(({ phase, durationMs }) => [phase, durationMs]));
  return { beside: total - (phases['generation'] ?? 0), phases };
}

async function load(count: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) samples.push(await one(next++));
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return samples;
}

/** Processor time that the gateway has used, in milliseconds; NaN where /proc is not there. Other work on the machine leaves it as it is. */
function gatewayCpuMs(): number {
  try {
    const fields =
      readFileSync(`/proc/${String(gateway.process.pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return NaN;
  }
}

await load(warmUp);
const cpuBefore = gatewayCpuMs();
const startedAt = performance.now();
const samples = await load(requests);
const seconds = (performance.now() - startedAt) / 1000;
const by = (value: (sample: Sample) => number): Record<string, number> => quantiles(samples.map(value).sort((a, b) => a - b));
const own = ({ phases }: Sample): number => Object.entries(phases).reduce((sum, [name, ms]) => sum + (name === 'generation' ? 0 : ms), 0);
const phaseNames = [...new Set(samples.flatMap(({ phases }) => Object.keys(phases)))];
console.log(
  JSON.stringify(
    {
      concurrency,
      requests,
      llmMs,
      requestsPerSecond: Math.round(requests / seconds),
      gatewayCpuMsPerRequest: Math.round(((gatewayCpuMs() - cpuBefore) / requests) * 100) / 100,
      ownMs: by(own),
      seenByCallerBesideLlmMs: by(({ beside }) => beside),
      phasesMs: Object.fromEntries(phaseNames.map((name) => [name, by(({ phases }) => phases[name] ?? 0)])),
    },
    null,
    2,
  ),
);
await gateway.remove();
await dependencies.stop();
