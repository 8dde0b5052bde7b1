import { normalise } from '@gqr/chassis/text/normalise';
import { ListIncompleteError } from '../errors.js';
import { SEPARATOR } from '../grammar/response-grammar.js';
import { auxiliaryHead } from '../prompt/render-prompt.js';
import type { Tokenizer } from '../prompt/tokenizer.js';
import type { Decoding, Task } from '../tasks/task.js';
import { allowedOutcomes, draw, type Outcome, type Random } from './draw.js';
import { judge, type LineRule } from '../grammar/line-rule.js';
import type { Shape, TokenSequence } from './token-model.js';

/** A line that is complete. */
export type ListPiece =
  | { readonly kind: 'auxiliary'; readonly name: string; readonly text: string }
  | { readonly kind: 'query'; readonly text: string; readonly logPropensity: number | undefined };

/** What is to be written. */
export interface ListOrder {
  readonly task: Task;
  readonly count: number;
  /** Normalised texts that no query may be. */
  readonly excluded: ReadonlySet<string>;
  readonly decoding: Decoding;
  readonly random: Random;
}

/** What writing cost. */
export interface WritingCost {
  tokens: number;
  redraws: number;
}

/** Tokens that a distribution holds before the nucleus is cut; far more than a nucleus of 0.95 ever holds here. */
const TOP_K = 64;
/** Where the likely tokens are all forbidden, look this far. */
const WIDE: Pick<Shape, 'temperature' | 'topP' | 'minP' | 'topK'> = { temperature: 1, topP: 1, minP: 0, topK: 0 };
/** Times that a line which ran into a dead end is begun again, each time with another first token. */
const MAX_REDRAWS = 8;
/** A line never takes more tokens, however short its tokens are. */
const MAX_LINE_TOKENS = 96;

/** A line as it was written. */
interface Line {
  readonly text: string;
  /** Natural logarithm of the probability of its draws; undefined if it was begun again, because the chance of that is unknown. */
  readonly logPropensity: number | undefined;
}

/**
 * Writes a list line by line: the grammar of the response is the order of its lines and the rule of each. Heads and separators are
 * given, all else is drawn from the model's distribution restricted to what the rule allows, so that the response always parses and
 * the probability of every draw is known exactly.
 */
export class ListWriter {
  readonly cost: WritingCost = { tokens: 0, redraws: 0 };
  /** Tokens that stand behind what the sequence knows. */
  private unread: number[];
  private readonly written: number[] = [];
  private readonly queries = new Set<string>();
  private readonly separator: readonly number[];

  /** @param prompt tokens of the prompt; `sequence` holds all of them but those that are passed to the first `advance` */
  constructor(
    private readonly order: ListOrder,
    private readonly sequence: TokenSequence,
    private readonly tokenizer: Tokenizer,
    prompt: readonly number[],
  ) {
    this.unread = prompt.slice(sequence.length);
    this.separator = tokenizer.encode(SEPARATOR);
  }

  /** @throws ListIncompleteError when no allowed text can be found */
  async *write(): AsyncGenerator<ListPiece, void> {
    const { task, count } = this.order;
    for (const auxiliary of task.auxiliaryTexts) {
      this.give(this.tokenizer.encode(auxiliaryHead(auxiliary)));
      const line = await this.line({
        afterHead: true,
        mayBeEmpty: auxiliary.mayBeEmpty,
        maxCharacters: auxiliary.maxCharacters,
        maxWords: Number.MAX_SAFE_INTEGER,
        excluded: new Set(),
      });
      this.give(this.separator);
      yield { kind: 'auxiliary', name: auxiliary.name, text: line.text };
    }
    for (let k = 1; k <= count; k++) {
      const line = await this.line({
        afterHead: false,
        mayBeEmpty: false,
        maxCharacters: task.query.maxCharacters,
        maxWords: task.query.maxWords,
        excluded: this.order.excluded.union(this.queries),
      });
      this.queries.add(normalise(line.text));
      if (k < count) this.give(this.separator);
      yield { kind: 'query', text: line.text, logPropensity: line.logPropensity };
    }
  }

  private give(tokens: readonly number[]): void {
    this.unread.push(...tokens);
  }

  /**
   * Writes a line. A dead end, such as a repetition that has no room left to become something else, is left by beginning the line
   * again with another token.
   */
  private async line(rule: LineRule): Promise<Line> {
    const start = this.sequence.length + this.unread.length;
    const given = this.unread;
    const writtenBefore = this.written.length;
    const deadStarts = new Set<number>();
    for (let attempt = 0; attempt <= MAX_REDRAWS; attempt++) {
      const line = await this.tryLine(rule, deadStarts);
      if (line !== undefined) return attempt === 0 ? line : { ...line, logPropensity: undefined };
      this.cost.redraws++;
      const dead = this.written[writtenBefore];
      if (dead !== undefined) deadStarts.add(dead);
      this.written.length = writtenBefore;
      // The last given token is evaluated anew, for the distribution behind it.
      await this.sequence.rewind(Math.min(this.sequence.length, start - 1));
      this.unread = given.slice(given.length - (start - this.sequence.length));
    }
    throw new ListIncompleteError(this.queries.size, this.order.count);
  }

  private async tryLine(rule: LineRule, deadStarts: ReadonlySet<number>): Promise<Line | undefined> {
    const tokens: number[] = [];
    let text = '';
    let logPropensity = 0;
    while (tokens.length <= MAX_LINE_TOKENS) {
      const outcome = await this.next(text, tokens, rule, deadStarts);
      if (outcome === undefined) return undefined;
      logPropensity += Math.log(outcome.probability);
      if (outcome.token === undefined) return { text: text.trim(), logPropensity };
      tokens.push(outcome.token);
      this.written.push(outcome.token);
      this.unread = [outcome.token];
      this.cost.tokens++;
      text = this.tokenizer.decode(tokens);
    }
    return undefined;
  }

  /** Draws what comes behind `text`; undefined in a dead end. */
  private async next(
    text: string,
    tokens: readonly number[],
    rule: LineRule,
    deadStarts: ReadonlySet<number>,
  ): Promise<Outcome | undefined> {
    const { decoding, random } = this.order;
    const shape: Shape = {
      temperature: decoding.temperature || 1, // the most probable token is the same at any temperature
      topP: decoding.topP,
      minP: decoding.minP,
      topK: TOP_K,
      punished: this.written,
      repetitionPenalty: decoding.repetitionPenalty,
    };
    const greedy = decoding.temperature === 0;
    const verdict = (token: number) =>
      tokens.length === 0 && deadStarts.has(token) ? 'forbidden' : this.verdict(text, tokens, token, rule);
    const unread = this.unread;
    this.unread = [];
    const outcomes = allowedOutcomes(await this.sequence.advance(unread, shape), verdict);
    if (outcomes.length > 0) return draw(outcomes, random, greedy);
    const last = unread.at(-1);
    if (last === undefined) return undefined;
    await this.sequence.rewind(this.sequence.length - 1);
    const wide = allowedOutcomes(await this.sequence.advance([last], { ...shape, ...WIDE }), verdict);
    return draw(wide, random, greedy);
  }

  private verdict(text: string, tokens: readonly number[], token: number, rule: LineRule): ReturnType<typeof judge> {
    if (token === this.tokenizer.endOfText) return judge(text, '', true, rule);
    if (this.tokenizer.isMarker(token)) return 'forbidden';
    // A token may be part of a character: only decoding it with what stands before it shows what it adds.
    const broken = text.endsWith('\ufffd');
    const piece = broken
      ? this.tokenizer.decode([...tokens, token]).slice(text.replace(/\ufffd+$/, '').length)
      : this.tokenizer.decode([token]);
    return judge(broken ? text.replace(/\ufffd+$/, '') : text, piece, false, rule);
  }
}
