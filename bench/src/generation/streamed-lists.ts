import { quantile, sum } from '../report/quantiles.js';
import { ms, printTable, ratio } from '../report/table.js';
import { type Generation, inputsOf } from './conversations.js';

/** A task of three queries and nothing before them. */
const TASK = 'suggestion';
const BUDGET = 0.45;

/** When the first query was there, and when the list was. */
async function measureList(generation: Generation, index: number): Promise<{ firstMs: number; listMs: number }> {
  const startedAt = performance.now();
  let firstMs: number | undefined;
  for await (const { event } of generation.streamGenerate({
    request: { taskId: TASK, ...inputsOf(index), count: 3, decoding: { seed: BigInt(index) } },
  })) {
    if (event.case === 'query') firstMs ??= performance.now() - startedAt;
    if (event.case === 'response' && firstMs !== undefined) return { firstMs, listMs: performance.now() - startedAt };
  }
  throw new Error('a streamed list ended without its queries');
}

/** When the first query of a streamed list of three is complete, as a share of the list's time; reading the prompt is within both. */
export async function benchStream(generation: Generation, lists: number): Promise<void> {
  const measured: Awaited<ReturnType<typeof measureList>>[] = [];
  for (let index = 0; index < lists; index++) measured.push(await measureList(generation, index));
  const [first, whole] = [measured.map(({ firstMs }) => firstMs), measured.map(({ listMs }) => listMs)];
  const shares = measured.map(({ firstMs, listMs }) => firstMs / listMs);
  console.log('\nStreamed lists of three queries, as the caller waits\n');
  printTable(
    [`${TASK}, lists`, 'first query p50', 'list p50', 'first / list', 'median', 'p90', 'of budget'],
    [
      [
        String(lists),
        ms(quantile(first, 0.5)),
        ms(quantile(whole, 0.5)),
        ratio(sum(first), sum(whole)),
        quantile(shares, 0.5).toFixed(2),
        quantile(shares, 0.9).toFixed(2),
        ratio(sum(first) / sum(whole), BUDGET),
      ],
    ],
  );
  console.log(`\nBudget: first / list at most ${BUDGET.toFixed(2)}, by the sums over all lists.`);
}
