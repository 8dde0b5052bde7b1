import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { RpcError } from '@gqr/chassis/grpc/client';
import { status } from '@grpc/grpc-js';
import { quantile } from '../report/quantiles.js';
import { ms, printTable, printTitle, ratio } from '../report/table.js';
import { ROOT, STARTER_MODELS } from '../site.js';
import { type Driven, drive, driveAtRate } from './drive.js';
import { Predictor } from './predictor.js';
import { RawNetwork } from './raw-network.js';
import { Words } from './words.js';

const TASK = 'suggestion';
const LEAST_SHARE_OF_RAW = 0.9;
const LEAST_GAIN = 3.5;
const MOST_P99_MS = 50;
const MOST_LAG_MS = 10;
/** Tokens of a mean query of Calls.list, and of the input of the first query of such a list. */
const MEAN_QUERY_TOKENS = 4;
const MEAN_TOKENS = 2 + 7 + MEAN_QUERY_TOKENS;
/** How much more than it can do is asked of the service in the overload. */
const OVERLOAD = 5;

interface Options {
  /** How long one measurement takes. */
  readonly sliceMs: number;
  /** How often each pair of measurements is taken in turn. */
  readonly rounds: number;
}

/** Calls whose inputs all have the same number of tokens. */
class Calls {
  constructor(private readonly words: Words) {}

  /** Candidates for one place: one step of a beam search for each prefix. [CLS] and [SEP] are two of the tokens. */
  steps(prefixes: number, candidates: number, tokens: number) {
    const user = Math.ceil((tokens - 2) / 2);
    return {
      requests: Array.from({ length: prefixes }, () => ({
        taskId: TASK,
        context: { query: this.words.text(user) },
        candidates: Array.from({ length: candidates }, () => this.words.text(tokens - 2 - user)),
      })),
    };
  }

  /** A list as users see them: 5 to 9 words asked, queries of 3 to 5. */
  list(queries: number) {
    const some = (from: number, to: number): string => this.words.text(from + Math.floor(Math.random() * (to - from + 1)));
    return { taskId: TASK, context: { query: some(5, 9) }, queries: Array.from({ length: queries }, () => some(3, 5)) };
  }
}

const rate = (perSecond: number): string => perSecond.toFixed(0);
const median = (values: readonly number[]): number => quantile(values, 0.5);
const verdict = (holds: boolean): string => (holds ? 'yes' : 'no');
const times = ({ times: all }: Pick<Driven, 'times'>): [string, string] => [ms(median(all)), ms(quantile(all, 0.99))];

/** The same batches in ONNX Runtime alone and through the service, in turn, so that what else the machine does disturbs both. */
async function againstRaw(predictor: Predictor, raw: RawNetwork, calls: Calls, { sliceMs, rounds }: Options): Promise<void> {
  const rows: string[][] = [];
  const kinds = [
    ['8 callers, beam steps of 8 x 8', 8, 8, 8],
    ['32 callers, 8 candidates each', 32, 1, 8],
  ] as const;
  for (const [name, callers, prefixes, candidates] of kinds) {
    for (const tokens of [16, 32, 64]) {
      const call = (): Promise<unknown> => predictor.client.batchPredictNext(calls.steps(prefixes, candidates, tokens));
      const { batchInputs } = await predictor.watch(() => drive(callers, sliceMs, call));
      const [alone, through]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        alone.push(await raw.throughput(Math.round(batchInputs), tokens, sliceMs));
        through.push((await drive(callers, sliceMs, call)).callsPerSecond * prefixes * candidates);
      }
      const share = median(through.map((value, round) => value / (alone[round] ?? NaN)));
      const shape = `${batchInputs.toFixed(0)} x ${String(tokens)}`;
      rows.push([name, shape, rate(median(alone)), rate(median(through)), share.toFixed(2), verdict(share >= LEAST_SHARE_OF_RAW)]);
    }
  }
  console.log(`\nThrough the service against ONNX Runtime alone, same model, same shape of batches (goal ${String(LEAST_SHARE_OF_RAW)})`);
  printTable(['', 'batch x tokens', 'raw inputs/s', 'service inputs/s', 'share', 'reached'], rows);
}

/**
 * The same load on a service that batches and on one that runs each input by itself. "Raw gain" is what ONNX Runtime alone gains by the same
 * batches, of the mean length: more is not to be had.
 */
async function againstUnbatched(
  batched: Predictor,
  unbatched: Predictor,
  raw: RawNetwork,
  calls: Calls,
  { sliceMs, rounds }: Options,
): Promise<void> {
  const rows: string[][] = [];
  for (const [name, callers, queries] of [
    ['lists of 1 (hint)', 64, 1],
    ['lists of 3 (suggestion)', 32, 3],
    ['lists of 8 (clarification)', 16, 8],
  ] as const) {
    const call = (): Promise<unknown> => batched.client.predictList(calls.list(queries));
    const { batchInputs } = await batched.watch(() => drive(callers, sliceMs, call));
    const tokens = Math.round(MEAN_TOKENS + (MEAN_QUERY_TOKENS * (queries - 1)) / 2);
    const alone = await raw.throughput(1, tokens, sliceMs);
    const together = await raw.throughput(Math.round(batchInputs), tokens, sliceMs);
    const slices: { batched: Driven; unbatched: Driven }[] = [];
    for (let round = 0; round < rounds; round++) {
      slices.push({
        batched: await drive(callers, sliceMs, call),
        unbatched: await drive(callers, sliceMs, () => unbatched.client.predictList(calls.list(queries))),
      });
    }
    const gain = median(slices.map((slice) => slice.batched.callsPerSecond / slice.unbatched.callsPerSecond));
    const all = slices.flatMap((slice) => slice.batched.times);
    const p99 = quantile(all, 0.99);
    rows.push([
      `${name}, ${String(callers)} callers`,
      rate(median(slices.map((slice) => slice.unbatched.callsPerSecond * queries))),
      rate(median(slices.map((slice) => slice.batched.callsPerSecond * queries))),
      gain.toFixed(2),
      ratio(together, alone),
      ms(median(all)),
      ms(p99),
      verdict(gain >= LEAST_GAIN && p99 <= MOST_P99_MS),
    ]);
  }
  console.log(`\nBatched against each input by itself (goal ${String(LEAST_GAIN)} at p99 under ${String(MOST_P99_MS)} ms)`);
  printTable(['', 'unbatched inputs/s', 'batched inputs/s', 'gain', 'raw gain', 'p50', 'p99', 'reached'], rows);
}

async function growth(predictor: Predictor, calls: Calls, { sliceMs }: Options): Promise<void> {
  const head = ['inputs/s', 'p50', 'p99', 'batch', 'time of 1 before'];
  const curve = async (
    name: string,
    values: readonly number[],
    one: (value: number) => { callers: number; inputs: number; call: () => Promise<unknown> },
  ): Promise<void> => {
    const rows: string[][] = [];
    let before = NaN;
    for (const value of values) {
      const { callers, inputs, call } = one(value);
      const { result, batchInputs } = await predictor.watch(() => drive(callers, sliceMs, call));
      const p50 = median(result.times);
      const grown = Number.isNaN(before) ? '' : ratio(p50, before);
      rows.push([String(value), rate(result.callsPerSecond * inputs), ...times(result), batchInputs.toFixed(1), grown]);
      before = p50;
    }
    console.log(`\nGrowth over ${name}`);
    printTable(['', ...head], rows);
  };
  const { client } = predictor;
  await curve('candidates of one call (16 tokens, 1 caller)', [1, 4, 16, 64, 256], (candidates) => ({
    callers: 1,
    inputs: candidates,
    call: () => client.batchPredictNext(calls.steps(1, candidates, 16)),
  }));
  await curve('tokens of an input (8 candidates, 1 caller)', [8, 16, 32, 64, 96], (tokens) => ({
    callers: 1,
    inputs: 8,
    call: () => client.batchPredictNext(calls.steps(1, 8, tokens)),
  }));
  await curve('callers (lists of 3)', [1, 4, 16, 64, 256], (callers) => ({
    callers,
    inputs: 3,
    call: () => client.predictList(calls.list(3)),
  }));
}

/** Mixed lists at several times the rate that was reached when callers waited for each other, and the event loop meanwhile. */
async function overload(predictor: Predictor, calls: Calls, { sliceMs }: Options): Promise<void> {
  const sizes = [1, 3, 8, 8, 20, 50, 100];
  let turn = 0;
  const size = (): number => sizes[turn++ % sizes.length] ?? 1;
  const idle = await predictor.watch(() => new Promise((resolve) => setTimeout(resolve, sliceMs)));
  let queriesAtCapacity = 0;
  const saturated = await predictor.watch(() =>
    drive(16, sliceMs, async () => {
      const queries = size();
      await predictor.client.predictList(calls.list(queries));
      queriesAtCapacity += queries;
    }),
  );
  const { callsPerSecond: capacity, times: all } = saturated.result;
  const inputsPerSecond = (queriesAtCapacity / all.length) * capacity;
  const answered: number[] = [];
  const refused: number[] = [];
  const late: number[] = [];
  let answeredInputs = 0;
  const call = async (): Promise<void> => {
    const calledAt = performance.now();
    const queries = size();
    try {
      await predictor.client.predictList(calls.list(queries), { deadline: Date.now() + 1_000 });
      answered.push(performance.now() - calledAt);
      answeredInputs += queries;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const into = { [status.RESOURCE_EXHAUSTED]: refused, [status.DEADLINE_EXCEEDED]: late }[error.code as number];
      if (into === undefined) throw error;
      into.push(performance.now() - calledAt);
    }
  };
  const startedAt = performance.now();
  const loaded = await predictor.watch(() => driveAtRate(capacity * OVERLOAD, 3 * sliceMs, call));
  const seconds = (performance.now() - startedAt) / 1_000;
  const asked = answered.length + refused.length + late.length;
  console.log(`\nMixed lists of 1 to 100 at ${String(OVERLOAD)} times the capacity, each with a deadline of 1 s`);
  printTable(
    ['', 'calls', 'share', 'p50', 'p99'],
    [
      ['answered', answered],
      ['refused at once, RESOURCE_EXHAUSTED', refused],
      ['too late, DEADLINE_EXCEEDED', late],
    ].map(([name, all]) => {
      const values = all as number[];
      return [
        name as string,
        String(values.length),
        ratio(values.length, asked),
        ...(values.length === 0 ? ['', ''] : times({ times: values })),
      ];
    }),
  );
  console.log(
    `Inputs answered a second: ${rate(inputsPerSecond)} at capacity, ${rate(answeredInputs / seconds)} under overload ` +
      `(${ratio(answeredInputs / seconds, inputsPerSecond)})`,
  );
  console.log(`\nLag of the service's event loop (goal under ${String(MOST_LAG_MS)} ms at saturation)`);
  printTable(
    ['', 'p50', 'p99', 'more than idle at p99'],
    (
      [
        ['idle', idle],
        ['16 callers', saturated],
        ['overload', loaded],
      ] as const
    ).map(([name, { lagP50, lagP99 }]) => [name, ms(lagP50), ms(lagP99), ms(Math.max(0, lagP99 - idle.lagP99))]),
  );
}

/** The click predictor's throughput and latency, against ONNX Runtime alone and against itself without batches. */
export async function benchCtr(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      'slice-ms': { type: 'string', default: '2000' },
      rounds: { type: 'string', default: '3' },
      registry: { type: 'string', default: STARTER_MODELS },
    },
  });
  const options = { sliceMs: Number(values['slice-ms']), rounds: Number(values.rounds) };
  const registry = resolve(ROOT, values.registry);
  printTitle('Click predictor: throughput, latency and event loop, one session of one thread');
  const batched = await Predictor.start(registry);
  const unbatched = await Predictor.start(registry, { GQR_CTR_BATCH_INPUTS: '1' });
  const calls = new Calls(new Words(batched.model));
  await drive(8, options.sliceMs, () => batched.client.predictList(calls.list(3)));
  await drive(8, options.sliceMs, () => unbatched.client.predictList(calls.list(3)));
  const raw = await RawNetwork.open(batched.model);
  await againstRaw(batched, raw, calls, options);
  await againstUnbatched(batched, unbatched, raw, calls, options);
  await growth(batched, calls, options);
  await overload(batched, calls, options);
  await Promise.all([batched.stop(), unbatched.stop()]);
}
