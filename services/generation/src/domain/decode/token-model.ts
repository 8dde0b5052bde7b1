import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { Tokenizer } from '../prompt/tokenizer.js';

/** What a token can be drawn from: tokens with their probabilities, the most probable first. Sums to 1 but for rounding. */
export type Distribution = readonly { readonly token: number; readonly probability: number }[];

/** How a distribution is shaped before a token is drawn from it. */
export interface Shape {
  /** Above 0. */
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
  /** Most tokens that it holds; 0 for the whole vocabulary. */
  readonly topK: number;
  /** Tokens that are made less probable: their logits by the factor `repetitionPenalty` and by `presencePenalty` nats. */
  readonly punished: readonly number[];
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
}

/** A language model's memory of one text, which can grow and be cut back. */
export interface TokenSequence {
  /** Tokens of the prompt that were still known from an earlier text. */
  readonly cachedTokens: number;
  /** Tokens known so far. */
  readonly length: number;
  /** Appends `tokens` and returns the distribution of the token behind them. */
  advance(tokens: readonly number[], shape: Shape): Promise<Distribution>;
  /**
   * Appends `unread` and all of `tokens` but the last; natural logarithm of each of `tokens`' probability, at temperature 1 over the
   * whole vocabulary.
   */
  score(unread: readonly number[], tokens: readonly number[]): Promise<number[]>;
  /** Forgets what stands behind the first `length` tokens. */
  rewind(length: number): Promise<void>;
}

/** The tokens of a model. */
export interface Vocabulary extends Tokenizer {
  /** Token that ends a response. */
  readonly endOfText: number;
  /** Whether a token is a marker rather than text. */
  isMarker(token: number): boolean;
}

/** A policy that can be asked for the next token. */
export interface TokenModel {
  readonly vocabulary: Vocabulary;
  /**
   * Lends a sequence that knows `prompt` but for its last token at least; concurrent callers get sequences of their own as far as there
   * are any, and wait in line otherwise. It must be released. Its `advance` rejects once the limits end.
   * @throws CallEndedError, OverloadedError when the line is full
   */
  lend(prompt: readonly number[], limits: CallLimits): Promise<LentSequence>;
  close(): Promise<void>;
}

/** A sequence of one's own until it is released. */
export interface LentSequence extends TokenSequence {
  /** Milliseconds spent waiting in line, and on evaluating the prompt. */
  readonly waitedMs: number;
  readonly promptMs: number;
  release(): void;
}
