import { SEPARATOR } from '../../domain/grammar/response-grammar.js';
import type { TextPiece } from './text-server.js';

/** Joins the tokens of a text that comes one by one to pieces that are worth passing on: those in which a line, or the text, ends. */
export class PieceJoiner {
  private text = '';
  private tokens = 0;

  /** The piece that is complete with this; undefined if none is. */
  join(text: string, tokens: number, end: TextPiece['end']): TextPiece | undefined {
    this.text += text;
    this.tokens += tokens;
    if (end === undefined && !text.includes(SEPARATOR)) return undefined;
    const piece = { text: this.text, tokens: this.tokens, ...(end !== undefined && { end }) };
    this.text = '';
    this.tokens = 0;
    return piece;
  }
}
