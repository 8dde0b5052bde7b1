import { quantile, sum } from '../report/quantiles.js';
import { ms, printTable, ratio } from '../report/table.js';
import { CONVERSATIONS, type Generation, inputsOf } from './conversations.js';

/** A task that writes nothing before its queries. */
const TASK = 'suggestion';
const ONE = 1;
const MANY = 8;

/** Candidates for the first query behind a prompt: a call that has to read it, and the same call again, for which it is in memory. */
interface Proposal {
  readonly promptTokens: number;
  readonly evaluatedTokens: number;
  readonly writtenTokens: number;
  readonly ms: number;
  readonly againMs: number;
}

async function propose(generation: Generation, index: number, candidates: number): Promise<Proposal> {
  const call = async () => {
    const startedAt = performance.now();
    const { usage } = await generation.proposeNext({ taskId: TASK, ...inputsOf(index), candidates, decoding: { seed: BigInt(index) } });
    if (usage === undefined) throw new Error('generation answered without what it cost');
    return { usage, ms: performance.now() - startedAt };
  };
  const first = await call();
  const again = await call();
  return {
    promptTokens: first.usage.promptTokens,
    evaluatedTokens: first.usage.promptTokens - first.usage.cachedPromptTokens,
    writtenTokens: first.usage.completionTokens,
    ms: first.ms,
    againMs: again.ms,
  };
}

function total(proposals: readonly Proposal[], value: (proposal: Proposal) => number): number {
  return sum(proposals.map(value));
}

/** What eight candidates on a prompt cost against one: the prompt must be read once for all of them. */
export async function benchCandidates(generation: Generation): Promise<void> {
  const [one, many]: [Proposal[], Proposal[]] = [[], []];
  for (let index = 0; index < CONVERSATIONS.length; index++) {
    one.push(await propose(generation, index, ONE));
    // Another conversation, so that the prompt is not in memory.
    many.push(await propose(generation, index + Math.ceil(CONVERSATIONS.length / 2), MANY));
  }
  const row = (candidates: number, proposals: readonly Proposal[]): string[] => {
    const mean = (value: (proposal: Proposal) => number): string => (total(proposals, value) / proposals.length).toFixed(0);
    return [
      String(candidates),
      String(proposals.length),
      mean(({ promptTokens }) => promptTokens),
      mean(({ evaluatedTokens }) => evaluatedTokens),
      mean(({ writtenTokens }) => writtenTokens),
      ms(
        quantile(
          proposals.map((proposal) => proposal.ms),
          0.5,
        ),
      ),
      ratio(
        total(proposals, (proposal) => proposal.ms),
        total(one, (proposal) => proposal.ms),
      ),
      ms(
        quantile(
          proposals.map(({ againMs }) => againMs),
          0.5,
        ),
      ),
    ];
  };
  console.log('\nCandidates for the next query (ProposeNext), as the caller waits\n');
  printTable(
    ['candidates', 'prompts', 'prompt tokens', 'evaluated', 'written', 'p50', 'to one candidate', 'again, prompt in memory (p50)'],
    [row(ONE, one), row(MANY, many)],
  );
  const promptMs = (proposals: readonly Proposal[]): number => total(proposals, (proposal) => proposal.ms - proposal.againMs);
  const evaluated = ({ evaluatedTokens }: Proposal): number => evaluatedTokens;
  console.log(
    `\n${String(MANY)} candidates evaluated ${ratio(total(many, evaluated), total(one, evaluated))} of the prompt tokens of one, and reading the ` +
      `prompt took ${ratio(promptMs(many), promptMs(one))} of the time (a call less the same call with the prompt in memory). Budget: 1.00, ` +
      `the prompt is not computed twice.`,
  );
}
