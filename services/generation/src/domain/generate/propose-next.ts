import type { CallLimits } from '@gqr/chassis/grpc/call';
import { normalise } from '@gqr/chassis/text/normalise';
import { seededRandom } from '../decode/seeded-random.js';
import { ListIncompleteError } from '../errors.js';
import { ListWriter } from '../decode/write-list.js';
import type { LoadedPolicy, PolicySet } from '../policies/policy-set.js';
import type { PromptInputs } from '../prompt/budget.js';
import { SEPARATOR } from '../grammar/response-grammar.js';
import { renderPrompt, renderResponse } from '../prompt/render-prompt.js';
import type { Decoding, Task, TaskCatalog } from '../tasks/task.js';
import type { Usage } from './generate-list.js';

/** Where a list stands and what is wanted next. */
export interface ProposeOrder {
  readonly taskId: string;
  readonly inputs: PromptInputs;
  readonly count: number | undefined;
  /** Auxiliary texts in force; empty to have the policy write them. */
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  /** q_1..q_{k-1}. */
  readonly chosen: readonly string[];
  readonly candidates: number;
  readonly policyVersion: string;
  readonly decoding: Partial<Decoding>;
  readonly seed: bigint;
}

export interface Proposal {
  readonly candidates: readonly { readonly text: string; readonly logProbability: number }[];
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly policyVersion: string;
  readonly usage: Usage;
}

/** Proposes candidates for q_k after q_1..q_{k-1}: the expansion step of Algorithm 1 (paper section 3.2.2). */
export class ProposeNext {
  constructor(
    private readonly tasks: TaskCatalog,
    private readonly policies: PolicySet,
  ) {}

  /** @throws UnknownTaskError, UnknownPolicyError, OverloadedError, CallEndedError */
  async propose(order: ProposeOrder, limits: CallLimits): Promise<Proposal> {
    const task = this.tasks.get(order.taskId);
    return this.policies.use(task.id, order.policyVersion, (policy) => proposeWith(policy, task, order, limits));
  }
}

async function proposeWith(policy: LoadedPolicy, task: Task, order: ProposeOrder, limits: CallLimits): Promise<Proposal> {
  const { tokenizer } = policy.model;
  const count = order.count ?? task.count.default;
  const decoding = { ...task.decoding, ...order.decoding };
  const random = seededRandom(order.seed);
  const prompt = renderPrompt(task, order.inputs, count, tokenizer);
  const cost = { tokens: 0, redraws: 0 };
  const auxiliaryTexts: Record<string, string> = { ...order.auxiliaryTexts };
  const sequence = await policy.model.lend(prompt.tokens, limits);
  const cachedPromptTokens = sequence.cachedTokens;
  try {
    if (task.auxiliaryTexts.length > 0 && Object.keys(auxiliaryTexts).length === 0) {
      const heading = new ListWriter({ task, count: 0, excluded: new Set(), decoding, random }, sequence, tokenizer, prompt.tokens);
      for await (const piece of heading.write()) if (piece.kind === 'auxiliary') auxiliaryTexts[piece.name] = piece.text;
      cost.tokens += heading.cost.tokens;
    }
    // The prefix is evaluated once; every candidate is written behind it and forgotten again.
    const before = renderResponse(task, auxiliaryTexts, order.chosen);
    const prefix = [...prompt.tokens, ...tokenizer.encode(before === '' ? '' : before + SEPARATOR)];
    // What was drawn may have been other tokens than those of the same text.
    await sequence.rewind(Math.min(sequence.length, prompt.tokens.length - 1));
    const excluded = new Set([order.inputs.query, ...order.inputs.history, ...order.chosen].map(normalise));
    const candidates: { text: string; logProbability: number }[] = [];
    for (let i = 0; i < order.candidates; i++) {
      await sequence.rewind(Math.min(sequence.length, prefix.length - 1));
      const one: Task = { ...task, auxiliaryTexts: [] };
      const writer = new ListWriter({ task: one, count: 1, excluded, decoding, random }, sequence, tokenizer, prefix);
      const text = await firstQuery(writer);
      cost.tokens += writer.cost.tokens;
      cost.redraws += writer.cost.redraws;
      if (text === undefined) break;
      excluded.add(normalise(text));
      await sequence.rewind(Math.min(sequence.length, prefix.length - 1));
      const ending = order.chosen.length + 1 < count ? tokenizer.encode(SEPARATOR) : [tokenizer.endOfText];
      const scored = await sequence.score(prefix.slice(sequence.length), [...tokenizer.encode(text), ...ending]);
      candidates.push({ text, logProbability: scored.reduce((sum, each) => sum + each, 0) });
    }
    candidates.sort((a, b) => b.logProbability - a.logProbability);
    const usage = { promptTokens: prompt.tokens.length, cachedPromptTokens, completionTokens: cost.tokens, redraws: cost.redraws };
    return { candidates, auxiliaryTexts, policyVersion: policy.artefact.version, usage };
  } finally {
    sequence.release();
  }
}

/** The query that a writer writes; undefined when it has no more to say. */
async function firstQuery(writer: ListWriter): Promise<string | undefined> {
  try {
    for await (const piece of writer.write()) if (piece.kind === 'query') return piece.text;
  } catch (error) {
    if (!(error instanceof ListIncompleteError)) throw error;
  }
  return undefined;
}
