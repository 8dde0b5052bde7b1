import { getLlama, type LlamaContext, type LlamaContextSequence, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';

export interface Decoding {
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
}

/** node-llama-cpp as its documentation shows it: a context with a LoRA adapter, one sequence, `evaluate`. */
export class BareLlama {
  private constructor(
    private readonly model: LlamaModel,
    private readonly context: LlamaContext,
    private readonly sequence: LlamaContextSequence,
  ) {}

  static async load(options: { modelPath: string; adapterPath?: string; threads: number; contextTokens: number }): Promise<BareLlama> {
    const { modelPath, adapterPath, threads, contextTokens } = options;
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, maxThreads: 0, logLevel: LlamaLogLevel.error });
    const model = await llama.loadModel({ modelPath });
    const context = await model.createContext({
      contextSize: contextTokens,
      sequences: 1,
      threads,
      ...(adapterPath !== undefined && { lora: adapterPath }),
    });
    return new BareLlama(model, context, context.getSequence());
  }

  /**
   * Evaluates a prompt, but for what the sequence remembers of it, then generates as many tokens as `response` has, each replaced by the
   * one of `response`, so that exactly the same text is evaluated.
   */
  async write(
    prompt: string,
    response: string,
    { temperature, topP, minP }: Decoding,
  ): Promise<{ ms: number; tokens: number; cached: number }> {
    const promptTokens = this.model.tokenize(prompt, true, 'trimLeadingSpace');
    const responseTokens = this.model.tokenize(response, true, 'trimLeadingSpace').filter((token) => !this.model.isEogToken(token));
    const startedAt = performance.now();
    const { firstDifferentIndex } = this.sequence.compareContextTokens(promptTokens);
    const cached = Math.min(firstDifferentIndex, promptTokens.length - 1);
    await this.sequence.eraseContextTokenRanges([{ start: cached, end: this.sequence.nextTokenIndex }]);
    const generated = this.sequence.evaluate(promptTokens.slice(cached), { temperature, topP, minP, topK: 64, yieldEogToken: true });
    let replacement: Token | undefined;
    for (const token of responseTokens) {
      await (replacement === undefined ? generated.next() : generated.next(replacement));
      replacement = token;
    }
    await generated.return();
    return { ms: performance.now() - startedAt, tokens: responseTokens.length, cached };
  }

  async close(): Promise<void> {
    await this.context.dispose();
    await this.model.dispose();
  }
}
