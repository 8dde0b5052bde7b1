import type { Vocabulary } from '../../domain/decode/token-model.js';
import { SEPARATOR } from '../../domain/grammar/response-grammar.js';
import type { TextPiece } from './text-server.js';

/**
 * Reads the tokens of a text that comes without its words, and joins them to pieces in which a line, or the text, ends. Lines are read whole:
 * a token may be part of a character.
 */
export class TokenJoiner {
  private readonly waiting: number[] = [];

  constructor(private readonly vocabulary: Pick<Vocabulary, 'decode' | 'isMarker'>) {}

  /** The piece that is complete with these; undefined if none is. */
  join(tokens: readonly number[]): TextPiece | undefined {
    const lineEnd = tokens.findLastIndex((token) => this.vocabulary.decode([token]).includes(SEPARATOR));
    const known = this.waiting.length;
    this.waiting.push(...tokens);
    return lineEnd < 0 ? undefined : this.read(known + lineEnd + 1);
  }

  /** What is left. */
  end(end: TextPiece['end']): TextPiece {
    return { ...this.read(this.waiting.length), ...(end !== undefined && { end }) };
  }

  private read(count: number): TextPiece {
    const tokens = this.waiting.splice(0, count);
    return { text: this.vocabulary.decode(tokens.filter((token) => !this.vocabulary.isMarker(token))), tokens: tokens.length };
  }
}
