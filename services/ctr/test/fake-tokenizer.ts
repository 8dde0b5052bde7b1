import type { Tokenizer } from '../src/domain/input/input-spec.js';

/** Words that are numbers stand for themselves, "_3" is 903, and any other word is 999. */
export class FakeTokenizer implements Tokenizer {
  readonly clsId = 1;
  readonly sepId = 2;
  /** Every text that was given to it. */
  readonly encoded: string[] = [];

  encode(text: string): readonly number[] {
    this.encoded.push(text);
    const words = text.split(' ').filter((word) => word !== '');
    return words.map((word) => (/^_\d+$/.test(word) ? 900 + Number(word.slice(1)) : /^\d+$/.test(word) ? Number(word) : 999));
  }
}
