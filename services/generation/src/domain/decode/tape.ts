import type { Distribution, Shape, TokenSequence } from './token-model.js';

/** A sequence that can be asked about any text: it keeps what it knows of it and reads only the rest. */
export class Tape {
  /** Tokens that the sequence knows. */
  private known: number[];

  constructor(
    private readonly sequence: TokenSequence,
    known: readonly number[],
  ) {
    this.known = [...known];
  }

  /** The distribution of the token behind `text`, which has one token at least. */
  async behind(text: readonly number[], shape: Shape): Promise<Distribution> {
    const unread = await this.seek(text, text.length - 1);
    this.known.push(...unread);
    return this.sequence.advance(unread, shape);
  }

  /** Logarithm of the probability of each of `tokens` behind `text`. */
  async score(text: readonly number[], tokens: readonly number[]): Promise<number[]> {
    const unread = await this.seek(text, text.length - 1);
    this.known.push(...unread, ...tokens.slice(0, -1));
    return this.sequence.score(unread, tokens);
  }

  /** Forgets what is not the beginning of `text`, at least all behind `keep` tokens; what is left of the text to read. */
  private async seek(text: readonly number[], keep: number): Promise<readonly number[]> {
    let common = 0;
    while (common < keep && common < this.known.length && this.known[common] === text[common]) common++;
    if (common < this.known.length) await this.sequence.rewind(common);
    this.known.length = common;
    return text.slice(common);
  }
}
