import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ControlledEvaluateInputItem, LlamaContextSequence, LlamaContextSequenceRepeatPenalty, Token } from 'node-llama-cpp';
import type { Distribution, LentSequence, Shape } from '../../domain/decode/token-model.js';

/** A long prompt is evaluated in chunks, so that a caller who left does not hold the model for seconds. */
const CHUNK = 64;

/** One lane of a context: a llama.cpp sequence that remembers the last text it saw. */
export class Lane {
  free = true;

  constructor(readonly sequence: LlamaContextSequence) {}

  /** Length of the beginning that the remembered text shares with `tokens`. */
  commonPrefix(tokens: readonly number[]): number {
    return this.sequence.compareContextTokens([...tokens] as Token[]).firstDifferentIndex;
  }
}

/** A lane lent to one caller. */
export class LlamaSequence implements LentSequence {
  promptMs = 0;
  cachedTokens = 0;

  constructor(
    private readonly sequence: LlamaContextSequence,
    private readonly limits: CallLimits,
    readonly waitedMs: number,
    private readonly onRelease: () => void,
  ) {}

  get length(): number {
    return this.sequence.nextTokenIndex;
  }

  /** Keeps what `prompt` shares with the remembered text and evaluates the rest but for the last token. */
  async begin(prompt: readonly number[], common: number): Promise<void> {
    const startedAt = performance.now();
    const known = Math.min(common, prompt.length - 1);
    await this.rewind(known);
    this.cachedTokens = known;
    for (let at = known; at < prompt.length - 1; at += CHUNK) {
      this.limits.signal.throwIfAborted();
      await this.sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(at, Math.min(at + CHUNK, prompt.length - 1)) as Token[]);
    }
    this.promptMs = performance.now() - startedAt;
  }

  async advance(tokens: readonly number[], shape: Shape): Promise<Distribution> {
    this.limits.signal.throwIfAborted();
    const last = tokens.at(-1);
    if (last === undefined) throw new Error('a sequence advances by one token at least');
    const { temperature, topP, minP, topK } = shape;
    // llama.cpp shapes the distribution; drawing from it is the domain's, which knows what is allowed.
    const options = { temperature, topP, minP, topK, ...penaltiesOf(shape) };
    const input: ControlledEvaluateInputItem[] = [
      ...(tokens.slice(0, -1) as Token[]),
      [last as Token, { generateNext: { probabilities: true, options } }],
    ];
    const output = await this.sequence.controlledEvaluate(input);
    const probabilities = output.at(-1)?.next.probabilities;
    if (probabilities === undefined) throw new Error('llama.cpp returned no probabilities');
    return [...probabilities].map(([token, probability]) => ({ token, probability }));
  }

  async score(unread: readonly number[], tokens: readonly number[]): Promise<number[]> {
    this.limits.signal.throwIfAborted();
    const all = [...unread, ...tokens].slice(0, -1);
    const first = unread.length - 1;
    const input = all.map((token, at): ControlledEvaluateInputItem => {
      const next = tokens[at - first];
      if (at < first || next === undefined) return token as Token;
      const logits = { filter: { tokens: [next as Token], includeMax: true } };
      return [token as Token, { generateNext: { logits, totalLogitWeight: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } } }];
    });
    const output = await this.sequence.controlledEvaluate(input);
    return tokens.map((token, k) => {
      const next = output[first + k]?.next;
      const logit = next?.logits?.get(token as Token);
      if (next?.logits === undefined || next.totalLogitWeight === undefined || logit === undefined)
        throw new Error('llama.cpp returned no logits');
      return logit - Math.max(...next.logits.values()) - Math.log(next.totalLogitWeight);
    });
  }

  async rewind(length: number): Promise<void> {
    if (length < this.length) await this.sequence.eraseContextTokenRanges([{ start: length, end: this.length }]);
  }

  release(): void {
    this.onRelease();
  }
}

function penaltiesOf({ punished, repetitionPenalty, presencePenalty }: Shape): { repeatPenalty?: LlamaContextSequenceRepeatPenalty } {
  if (punished.length === 0 || (repetitionPenalty === 1 && presencePenalty === 0)) return {};
  const punishTokens = [...new Set(punished)] as Token[];
  return { repeatPenalty: { punishTokens, maxPunishTokens: punishTokens.length, penalty: repetitionPenalty, presencePenalty } };
}
