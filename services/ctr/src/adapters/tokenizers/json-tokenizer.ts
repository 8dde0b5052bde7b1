import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import type { Tokenizer as TokenizerPort } from '../../domain/input/input-spec.js';

/** What is used of the library's class. Its own declarations import without file extensions, which TypeScript does not resolve in ES modules. */
interface HuggingFaceTokenizer {
  token_to_id(token: string): number | undefined;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
}
const LibraryTokenizer = Tokenizer as unknown as new (content: object, config: object) => HuggingFaceTokenizer;

/** The tokens of a tokenizer that stand for [CLS] and [SEP]. */
export interface Frame {
  readonly clsToken: string;
  readonly sepToken: string;
}

/**
 * A tokenizer.json as the learner writes it: WordPiece, byte-level BPE or unigrams. It adds no special tokens and cuts nothing: both are
 * up to the input's builder.
 */
export class JsonTokenizer implements TokenizerPort {
  private constructor(
    private readonly tokenizer: HuggingFaceTokenizer,
    readonly clsId: number,
    readonly sepId: number,
  ) {}

  /** @throws Error if the file is no tokenizer, or one without the tokens of the frame */
  static async read(path: string, { clsToken, sepToken }: Frame): Promise<JsonTokenizer> {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof content !== 'object' || content === null) throw new Error('tokenizer.json is no object');
    const tokenizer = new LibraryTokenizer(content, {});
    const [clsId, sepId] = [clsToken, sepToken].map((token) => tokenizer.token_to_id(token));
    if (clsId === undefined || sepId === undefined) throw new Error(`tokenizer.json has no ${clsToken} or no ${sepToken}`);
    return new JsonTokenizer(tokenizer, clsId, sepId);
  }

  encode(text: string): readonly number[] {
    return this.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}
