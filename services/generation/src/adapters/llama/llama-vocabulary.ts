import { getLlama, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';
import type { Vocabulary } from '../../domain/decode/token-model.js';

/** The vocabulary that a GGUF file carries. */
export class LlamaVocabulary implements Vocabulary {
  readonly endOfText: number;
  private readonly pieces = new Map<number, string>();

  /** @throws Error when the model has no token that ends a text */
  constructor(private readonly model: LlamaModel) {
    const { eos } = model.tokens;
    if (eos === null) throw new Error('the model names no end-of-text token');
    this.endOfText = eos;
  }

  /** Reads the vocabulary of a file alone, for a model that runs elsewhere. */
  static async load(modelPath: string): Promise<LlamaVocabulary> {
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error });
    return new LlamaVocabulary(await llama.loadModel({ modelPath, vocabOnly: true }));
  }

  encode(text: string): number[] {
    return this.model.tokenize(text, false, 'trimLeadingSpace');
  }

  encodeWithMarkers(text: string): number[] {
    return this.model.tokenize(text, true, 'trimLeadingSpace');
  }

  decode(tokens: readonly number[]): string {
    const [only] = tokens;
    if (tokens.length !== 1 || only === undefined) return this.model.detokenize(tokens as readonly Token[], false);
    const known = this.pieces.get(only);
    if (known !== undefined) return known;
    const piece = this.model.detokenize([only as Token], false);
    this.pieces.set(only, piece);
    return piece;
  }

  isMarker(token: number): boolean {
    return this.model.isSpecialToken(token as Token) || this.model.isEogToken(token as Token);
  }
}
