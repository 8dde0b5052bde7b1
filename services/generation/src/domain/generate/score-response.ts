import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { PolicySet } from '../policies/policy-set.js';
import type { PromptInputs } from '../prompt/budget.js';
import { renderPrompt } from '../prompt/render-prompt.js';
import { responseLines } from '../prompt/response-lines.js';
import type { Task } from '../tasks/task.js';

/** A list to score. */
export interface ScoreOrder {
  readonly task: Task;
  readonly inputs: PromptInputs;
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
  readonly policyVersion: string;
}

export interface Score {
  /** Of the whole response, its end included; natural logarithm. The sum of its parts. */
  readonly logProbability: number;
  /** By auxiliary text, its head and separator included. */
  readonly auxiliaryLogProbabilities: Readonly<Record<string, number>>;
  /** By query, its separator (or the end) included. */
  readonly queryLogProbabilities: readonly number[];
  readonly tokens: number;
  readonly policyTaskId: string;
  readonly policyVersion: string;
}

/** Scores a given list under a policy. */
export class ScoreResponse {
  constructor(private readonly policies: PolicySet) {}

  /** @throws UnknownPolicyError, OverloadedError, CallEndedError, UnsupportedByBackendError */
  async score(order: ScoreOrder, limits: CallLimits): Promise<Score> {
    const { task } = order;
    const prompt = renderPrompt(task, order.inputs, order.queries.length, this.policies.tokenizer);
    const lines = responseLines(task, order.auxiliaryTexts, order.queries);
    return this.policies.use(task, order.policyVersion, async ({ artefact, model }) => {
      const session = await model.lend(prompt, limits);
      try {
        const scores = await session.score(lines);
        const names = task.auxiliaryTexts.map(({ name }) => name);
        return {
          logProbability: scores.reduce((sum, { logProbability }) => sum + logProbability, 0),
          auxiliaryLogProbabilities: Object.fromEntries(names.map((name, at) => [name, scores[at]?.logProbability ?? 0])),
          queryLogProbabilities: scores.slice(names.length).map(({ logProbability }) => logProbability),
          tokens: scores.reduce((sum, { tokens }) => sum + tokens, 0),
          policyTaskId: artefact.taskId,
          policyVersion: artefact.version,
        };
      } finally {
        session.release();
      }
    });
  }
}
