import { getLlama, LlamaLogLevel, type LlamaModel, type Token } from 'node-llama-cpp';
import type { Vocabulary } from '../../domain/decode/token-model.js';
import { type VocabularyFile, WordTokenizer } from './word-tokenizer.js';

/** Texts of which both tokenizers must think the same before the faster one is trusted with a file. */
const SPECIMENS = [
  "<|im_start|>user\nInputs:\nQuery: don't we've  2 3/4 cups, 1,250 ml (or 40 %)? \n\nResponse:<|im_end|>\n<|im_start|>assistant\n",
  'Wie heißt „Šárka“ auf Französisch – à côté de l’école… 12€?\n  indented|pipe | <|im_end|> http://a.b/c_d-e?f=1&g=2',
];

/** The vocabulary that a GGUF file carries. */
export class LlamaVocabulary implements Vocabulary {
  readonly endOfText: number;
  private readonly pieces = new Map<number, string>();
  private readonly words: WordTokenizer | undefined;

  /** @throws Error when the model has no token that ends a text */
  constructor(private readonly model: LlamaModel) {
    const { eos } = model.tokens;
    if (eos === null) throw new Error('the model names no end-of-text token');
    this.endOfText = eos;
    this.words = this.trusted(WordTokenizer.of((model.fileInfo.metadata.tokenizer as { ggml?: VocabularyFile } | undefined)?.ggml ?? {}));
  }

  /** Reads the vocabulary of a file alone, for a model that runs elsewhere. */
  static async load(modelPath: string): Promise<LlamaVocabulary> {
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error });
    return new LlamaVocabulary(await llama.loadModel({ modelPath, vocabOnly: true }));
  }

  encode(text: string): number[] {
    return this.words?.encode(text) ?? this.model.tokenize(text, false, 'trimLeadingSpace');
  }

  encodeWithMarkers(text: string): number[] {
    return this.words?.encodeWithMarkers(text) ?? this.model.tokenize(text, true, 'trimLeadingSpace');
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

  /** The tokenizer, if it makes of the specimens what llama.cpp makes of them. */
  private trusted(words: WordTokenizer | undefined): WordTokenizer | undefined {
    const same = (text: string): boolean =>
      words?.encode(text)?.join() === this.model.tokenize(text, false, 'trimLeadingSpace').join() &&
      words.encodeWithMarkers(text)?.join() === this.model.tokenize(text, true, 'trimLeadingSpace').join();
    return SPECIMENS.every(same) ? words : undefined;
  }
}
