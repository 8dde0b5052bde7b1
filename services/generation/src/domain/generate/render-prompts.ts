import type { PromptInputs } from '../prompt/budget.js';
import { renderCompleteResponse, renderPrompt } from '../prompt/render-prompt.js';
import type { Tokenizer } from '../prompt/tokenizer.js';
import type { Task } from '../tasks/task.js';

/** A prompt to render, and the response to it if there are queries. */
export interface Instance {
  readonly inputs: PromptInputs;
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
  readonly count: number;
}

/** Renders prompts and the responses to learn from, as the tokenizer of the serving model budgets them. */
export class RenderPrompts {
  constructor(private readonly tokenizer: Tokenizer) {}

  render(task: Task, instances: readonly Instance[]): { prompt: string; response: string; promptTokens: number }[] {
    return instances.map(({ inputs, auxiliaryTexts, queries, count }) => {
      const { text, tokens } = renderPrompt(task, inputs, count, this.tokenizer);
      const response = queries.length === 0 ? '' : renderCompleteResponse(task, auxiliaryTexts, queries);
      return { prompt: text, response, promptTokens: tokens.length };
    });
  }
}
