import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { PolicySet } from '../policies/policy-set.js';
import type { PromptInputs } from '../prompt/budget.js';
import { SEPARATOR } from '../grammar/response-grammar.js';
import { renderPrompt, renderResponse } from '../prompt/render-prompt.js';
import type { TaskCatalog } from '../tasks/task.js';

/** A list to score. */
export interface ScoreOrder {
  readonly taskId: string;
  readonly inputs: PromptInputs;
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
  readonly policyVersion: string;
}

export interface Score {
  /** Of the whole response, its end included; natural logarithm. */
  readonly logProbability: number;
  /** By query, its separator (or the end) included. */
  readonly queryLogProbabilities: readonly number[];
  readonly tokens: number;
  readonly policyVersion: string;
}

/** Scores a given list under a policy. */
export class ScoreResponse {
  constructor(
    private readonly tasks: TaskCatalog,
    private readonly policies: PolicySet,
  ) {}

  /** @throws UnknownTaskError, UnknownPolicyError, OverloadedError, CallEndedError */
  async score(order: ScoreOrder, limits: CallLimits): Promise<Score> {
    const task = this.tasks.get(order.taskId);
    return this.policies.use(task.id, order.policyVersion, async ({ artefact, model }) => {
      const prompt = renderPrompt(task, order.inputs, order.queries.length, model.tokenizer);
      const head = renderResponse(task, order.auxiliaryTexts, []);
      const lines = order.queries.map((query, k) => {
        const text = renderResponse({ ...task, auxiliaryTexts: [] }, {}, [query]);
        return [
          ...model.tokenizer.encode(text),
          ...(k + 1 < order.queries.length ? model.tokenizer.encode(SEPARATOR) : [model.tokenizer.endOfText]),
        ];
      });
      const headTokens = head === '' ? [] : model.tokenizer.encode(head + SEPARATOR);
      const sequence = await model.lend(prompt.tokens, limits);
      try {
        const scores = await sequence.score(prompt.tokens.slice(sequence.length), [...headTokens, ...lines.flat()]);
        let at = headTokens.length;
        const queryLogProbabilities = lines.map((line) => sum(scores.slice(at, (at += line.length))));
        return { logProbability: sum(scores), queryLogProbabilities, tokens: scores.length, policyVersion: artefact.version };
      } finally {
        sequence.release();
      }
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
