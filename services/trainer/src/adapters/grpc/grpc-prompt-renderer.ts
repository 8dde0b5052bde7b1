import { messageOf } from '@gqr/chassis/errors';
import { grpcClient } from '@gqr/chassis/grpc/client';
import { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';
import { RunFailedError } from '../../domain/runs/errors.js';
import type { PromptRenderer, RenderedInstance, SftInstance } from '../../domain/sft/instances.js';

/** Instances a call: well below the largest message. */
const PORTION = 50;
const CALL_MS = 60_000;

/** Has the generation service render prompts. */
export class GrpcPromptRenderer implements PromptRenderer {
  private readonly generation;

  constructor(address: string) {
    this.generation = grpcClient(GenerationService, address);
  }

  async render(
    task: string,
    instances: readonly SftInstance[],
    signal: AbortSignal,
    report: (done: number) => void,
  ): Promise<{ rendered: readonly RenderedInstance[]; promptVersion: string }> {
    const rendered: RenderedInstance[] = [];
    let promptVersion = '';
    for (let start = 0; start < instances.length; start += PORTION) {
      const answer = await this.renderPortion(task, instances.slice(start, start + PORTION), signal);
      promptVersion = answer.promptVersion;
      rendered.push(...answer.prompts.map(({ prompt, response }) => ({ prompt, response })));
      report(rendered.length);
    }
    return { rendered, promptVersion };
  }

  close(): void {
    this.generation.close();
  }

  private async renderPortion(taskId: string, portion: readonly SftInstance[], signal: AbortSignal) {
    const messages = portion.map(({ query, response, history, cooccurrenceQueries, auxiliaryTexts, queries }) => ({
      context: { query, response, history: history.map((turn) => ({ query: turn })) },
      cooccurrenceQueries: [...cooccurrenceQueries],
      auxiliaryTexts: { ...auxiliaryTexts },
      queries: [...queries],
    }));
    try {
      return await this.generation.renderPrompts({ taskId, instances: messages }, { signal, deadline: Date.now() + CALL_MS });
    } catch (error) {
      signal.throwIfAborted();
      throw new RunFailedError(
        `the generation service did not render the instances: ${messageOf(error)}; mend that and start the run again`,
      );
    }
  }
}
