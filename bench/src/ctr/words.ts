import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Words that a model's tokenizer takes for one token each, so that a text of n words has n tokens. */
export class Words {
  private readonly words: readonly string[];

  /** Of the model whose files are in `folder`. */
  constructor(folder: string) {
    const { model } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as { model: { vocab: Record<string, number> } };
    this.words = Object.keys(model.vocab).filter((word) => /^[a-z]{3,}$/.test(word));
    if (this.words.length === 0) throw new Error(`the tokenizer in ${folder} knows no whole words`);
  }

  /** A text of so many tokens, chosen at random. */
  text(tokens: number): string {
    return Array.from({ length: tokens }, () => this.words[Math.floor(Math.random() * this.words.length)] ?? '').join(' ');
  }
}
