import type { DrawnLine } from '../../domain/backend/language-backend.js';
import { type ResponseLine, SEPARATOR } from '../../domain/grammar/response-grammar.js';
import type { TextPiece } from './text-server.js';

/** A text does not have the form that it was asked to have. */
export class MalformedTextError extends Error {
  override readonly name = 'MalformedTextError';
}

/** Cuts a text that comes in pieces into the lines of a response. Only whole lines come out of it. */
export class LineReader {
  private held = '';
  private tokens = 0;
  private at = 0;

  constructor(
    private readonly lines: readonly ResponseLine[],
    /** Whether the text ends behind the last line; otherwise a separator does. */
    private readonly ends: boolean,
  ) {}

  /** Lines that a piece completes. @throws MalformedTextError */
  *read(piece: TextPiece): Generator<DrawnLine, void> {
    this.held += piece.text;
    this.tokens += piece.tokens;
    const parts = this.held.split(SEPARATOR);
    this.held = parts.pop() ?? '';
    for (const part of parts) yield this.line(part);
    if (piece.end !== 'whole') return;
    if (this.ends) yield this.line(this.held);
    else if (this.held !== '') throw new MalformedTextError('it goes on behind the last line');
    if (this.at < this.lines.length)
      throw new MalformedTextError(`it has ${String(this.at)} of ${String(this.lines.length)} lines, and yet it is said to be whole`);
  }

  private line(raw: string): DrawnLine {
    const wanted = this.lines[this.at];
    if (wanted === undefined) throw new MalformedTextError('it goes on behind the last line');
    if (!raw.startsWith(wanted.head)) throw new MalformedTextError(`line ${String(this.at + 1)} does not begin as it must`);
    const { tokens } = this;
    this.tokens = 0;
    this.at++;
    return { text: raw.slice(wanted.head.length).trim(), logPropensity: undefined, tokens, redraws: 0 };
  }
}
