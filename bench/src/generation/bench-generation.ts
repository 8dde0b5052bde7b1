import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { grpcClient } from '@gqr/chassis/grpc/client';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { startService } from '@gqr/chassis/testing/running-service';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { provideModels } from '../models/stable-models.js';
import { quantile, sum } from '../report/quantiles.js';
import { ms, printTable, printTitle, ratio } from '../report/table.js';
import { mainOf, needed, ROOT, STARTER_MODELS } from '../site.js';
import { BareLlama } from './bare-llama.js';
import { benchCandidates } from './candidates.js';
import { type Generation, inputsOf } from './conversations.js';
import { benchStream } from './streamed-lists.js';

const BUDGET = 1.05;
const CONTEXT_TOKENS = 1024;
const PAUSE_FOR_WARM_UP = 2;

/** One list by the service, and the same prompt and tokens by node-llama-cpp alone. */
interface Pair {
  /** As the caller waits. */
  readonly callMs: number;
  /** As the service says: reading the prompt and writing. */
  readonly llmMs: number;
  readonly bareMs: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly bareCachedTokens: number;
  readonly tokens: number;
  readonly redraws: number;
}

async function measurePair(generation: Generation, bare: BareLlama, taskId: string, index: number): Promise<Pair> {
  const inputs = inputsOf(index);
  const startedAt = performance.now();
  const list = await generation.generate({ taskId, ...inputs, decoding: { seed: BigInt(index) } });
  const callMs = performance.now() - startedAt;
  const queries = list.queries.map(({ text }) => text);
  const { prompts } = await generation.renderPrompts({
    taskId,
    instances: [{ ...inputs, auxiliaryTexts: list.auxiliaryTexts, queries, count: queries.length }],
  });
  const [rendered] = prompts;
  if (rendered === undefined || list.decoding === undefined) throw new Error('generation answered without a prompt or its decoding');
  const alone = await bare.write(rendered.prompt, rendered.response, list.decoding);
  return {
    callMs,
    llmMs: sum(list.timings.filter(({ phase }) => phase !== 'queue').map(({ durationMs }) => durationMs)),
    bareMs: alone.ms,
    promptTokens: list.usage?.promptTokens ?? 0,
    cachedTokens: list.usage?.cachedPromptTokens ?? 0,
    bareCachedTokens: alone.cached,
    tokens: alone.tokens,
    redraws: list.usage?.redraws ?? 0,
  };
}

function rowOf(task: string, pairs: readonly Pair[]): string[] {
  const [call, llm, bare] = [pairs.map(({ callMs }) => callMs), pairs.map(({ llmMs }) => llmMs), pairs.map(({ bareMs }) => bareMs)];
  const mean = (value: (pair: Pair) => number): string => (sum(pairs.map(value)) / pairs.length).toFixed(0);
  const ratios = pairs.map(({ llmMs, bareMs }) => llmMs / bareMs);
  return [
    task,
    String(pairs.length),
    `${mean(({ promptTokens }) => promptTokens)} (${mean(({ cachedTokens }) => cachedTokens)}, ${mean(({ bareCachedTokens }) => bareCachedTokens)})`,
    mean(({ tokens }) => tokens),
    ms(quantile(bare, 0.5)),
    ms(quantile(llm, 0.5)),
    ratio(sum(llm), sum(bare)),
    quantile(ratios, 0.5).toFixed(2),
    ratio(sum(call), sum(bare)),
  ];
}

/**
 * The language model's time within the service against node-llama-cpp alone, on the same prompts and tokens, one after the other; when the
 * first query of a streamed list is there; what eight candidates cost.
 */
export async function benchGeneration(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      lists: { type: 'string', default: '24' },
      threads: { type: 'string', default: '1' },
      tasks: { type: 'string', default: 'suggestion,clarification,hint' },
      registry: { type: 'string', default: STARTER_MODELS },
    },
  });
  const [lists, threads] = [Number(values.lists), Number(values.threads)];
  printTitle(`Generation: time of the language model against bare node-llama-cpp, same prompts and tokens, ${values.threads} thread(s)`);
  const folder = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
  await provideModels(resolve(ROOT, values.registry), folder);
  const registry = new DirectoryRegistry(folder);
  const model = { GQR_LLM_MODEL: needed('GQR_LLM_MODEL'), GQR_LLM_MODEL_SHA256: needed('GQR_LLM_MODEL_SHA256') };
  const service = await startService(
    mainOf('generation'),
    {
      ...model,
      GQR_TASKS_DIR: join(ROOT, 'services', 'generation', 'tasks'),
      GQR_REGISTRY: folder,
      GQR_LLM_THREADS: values.threads,
      // One lane each, so that both remember the same of the last prompt.
      GQR_GENERATION_CONCURRENCY: '1',
      GQR_GENERATION_CONTEXT_TOKENS: String(CONTEXT_TOKENS),
      GQR_LOG_LEVEL: 'warn',
    },
    300_000,
  );
  const generation = grpcClient(GenerationService, service.grpc);
  const rows: string[][] = [];
  const left: string[] = [];
  for (const task of values.tasks.split(',')) {
    const kind = `policy.${task}`;
    const version = await registry.channel(kind, 'stable');
    const adapter = version === undefined ? undefined : join((await registry.fetch({ kind, version })).path, 'adapter.gguf');
    const bare = await BareLlama.load({
      modelPath: model.GQR_LLM_MODEL,
      threads,
      contextTokens: CONTEXT_TOKENS,
      ...(adapter !== undefined && { adapterPath: adapter }),
    });
    const pairs: Pair[] = [];
    for (let index = -PAUSE_FOR_WARM_UP; index < lists; index++) {
      const pair = await measurePair(generation, bare, task, index + PAUSE_FOR_WARM_UP);
      if (index >= 0) pairs.push(pair);
    }
    // A line that was begun again cost tokens that are not in the response.
    const same = pairs.filter(({ redraws }) => redraws === 0);
    if (same.length < pairs.length) left.push(`${String(pairs.length - same.length)} of ${task}`);
    if (same.length > 0) rows.push(rowOf(`${task} (${version ?? 'base model'})`, same));
    await bare.close();
  }
  printTable(
    [
      'task (policy)',
      'lists',
      'prompt (kept by service, bare)',
      'written',
      'bare p50',
      'service p50',
      'service / bare',
      'median',
      'call / bare',
    ],
    rows,
  );
  console.log(
    `\nBudget: service / bare at most ${BUDGET.toFixed(2)}, by the sums over all lists; "call" has gRPC and the rendering of the prompt on top.`,
  );
  if (left.length > 0) console.log(`Left out, because a line was begun again: ${left.join(', ')}.`);
  await benchStream(generation, Math.ceil(lists / 2));
  await benchCandidates(generation);
  generation.close();
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}
