/** Turns text into a model's tokens and back. */
export interface Tokenizer {
  /** Tokens of plain text; what looks like a chat marker stays text. */
  encode(text: string): number[];
  /** Tokens of text whose chat markers count. For texts that we made ourselves. */
  encodeWithMarkers(text: string): number[];
  decode(tokens: readonly number[]): string;
}
