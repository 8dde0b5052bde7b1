import type { DrawnLine } from '../backend/language-backend.js';
import type { LineRule } from '../grammar/line-rule.js';
import type { Decoding } from '../tasks/task.js';
import { draw, insistsOnRepeating, type Outcome, outcomesBehind, type Random } from './draw.js';
import type { Tape } from './tape.js';
import type { Shape, Vocabulary } from './token-model.js';

/** Tokens that a distribution holds before the nucleus is cut; far more than a nucleus of 0.95 ever holds here. */
const TOP_K = 64;
/** Where the likely tokens are all forbidden, look this far. */
const WIDE: Pick<Shape, 'temperature' | 'topP' | 'minP' | 'topK'> = { temperature: 1, topP: 1, minP: 0, topK: 0 };
/** Times that a line which ran into a dead end is begun again, each time with another first token. */
const MAX_REDRAWS = 8;
/** From this redraw on, a line that insists on repeating another is made to go on, whatever comes of it. */
const PATIENCE_WITH_REPEATS = 5;
/** A line never takes more tokens, however short its tokens are. */
export const MAX_LINE_TOKENS = 96;

const NONE: ReadonlySet<number> = new Set();

/** A line with its tokens: those of the beginning that were given, and those that were drawn. */
type LineOfTokens = DrawnLine & { readonly given: readonly number[]; readonly drawn: readonly number[] };

/**
 * Tokens of the whole words that a line must begin with. They are given, not drawn. The word behind them is drawn, so that its tokens are
 * those that the model itself chooses.
 */
export function givenTokens({ beginning }: LineRule, vocabulary: Vocabulary): number[] {
  return vocabulary.encode(beginning.slice(0, Math.max(0, beginning.trimEnd().lastIndexOf(' '))));
}

/** One way from the beginning of a line to its end, or to where it was given up. */
interface Attempt {
  readonly line: { readonly text: string; readonly logPropensity: number } | undefined;
  readonly given: readonly number[];
  readonly drawn: readonly number[];
  /** Whether it was given up as a repetition; another draw may well do better from the same first token. */
  readonly repeats: boolean;
}

/** Draws lines token by token. */
export class LineDrawer {
  /** @param written tokens that the list already has, which repetition and presence penalties make less probable */
  constructor(
    private readonly tape: Tape,
    private readonly vocabulary: Vocabulary,
    private readonly decoding: Decoding,
    private readonly random: Random,
    private readonly written: number[],
  ) {}

  /**
   * Draws a line behind `text`. A dead end, such as a repetition that the model will not go on from, is left by beginning
   * the line again, with another token unless chance alone may do; its propensity is unknown then, because the chance of the dead end is. Undefined if no allowed
   * line can be found.
   */
  async draw(text: readonly number[], rule: LineRule): Promise<LineOfTokens | undefined> {
    const deadStarts = new Set<number>();
    let tokens = 0;
    for (let redraws = 0; redraws <= MAX_REDRAWS; redraws++) {
      const { line, given, drawn, repeats } = await this.tryLine(text, rule, deadStarts, redraws < PATIENCE_WITH_REPEATS);
      tokens += drawn.length;
      if (line !== undefined) {
        const logPropensity = redraws === 0 ? line.logPropensity : undefined;
        return { text: line.text, logPropensity, tokens, redraws, given, drawn };
      }
      this.forget(drawn.length);
      const [dead] = drawn;
      if (dead !== undefined && !(repeats && this.decoding.temperature > 0)) deadStarts.add(dead);
    }
    return undefined;
  }

  /** Takes back the last tokens that were drawn: the list does not have them. */
  forget(tokens: number): void {
    this.written.length -= tokens;
  }

  private async tryLine(
    before: readonly number[],
    rule: LineRule,
    deadStarts: ReadonlySet<number>,
    givesUpRepeats: boolean,
  ): Promise<Attempt> {
    const given = givenTokens(rule, this.vocabulary);
    const drawn: number[] = [];
    let logPropensity = 0;
    while (drawn.length <= MAX_LINE_TOKENS) {
      const outcome = await this.next(before, [...given, ...drawn], rule, drawn.length === 0 ? deadStarts : NONE, givesUpRepeats);
      if (outcome === 'repeats') return { line: undefined, given, drawn, repeats: true };
      if (outcome === undefined) break;
      logPropensity += Math.log(outcome.probability);
      if (outcome.token === undefined) {
        return { line: { text: this.vocabulary.decode([...given, ...drawn]).trim(), logPropensity }, given, drawn, repeats: false };
      }
      drawn.push(outcome.token);
      this.written.push(outcome.token);
    }
    return { line: undefined, given, drawn, repeats: false };
  }

  /** Draws what comes behind `line`; undefined in a dead end. */
  private async next(
    before: readonly number[],
    line: readonly number[],
    rule: LineRule,
    forbidden: ReadonlySet<number>,
    givesUpRepeats: boolean,
  ): Promise<Outcome | 'repeats' | undefined> {
    const { temperature, topP, minP, repetitionPenalty, diversity } = this.decoding;
    const penalties = { punished: this.written, repetitionPenalty, presencePenalty: diversity };
    // The most probable token is the same at any temperature.
    const shape: Shape = { temperature: temperature || 1, topP, minP, topK: TOP_K, ...penalties };
    const text = [...before, ...line];
    const nucleus = await this.tape.behind(text, shape);
    if (givesUpRepeats && insistsOnRepeating(line, nucleus, this.vocabulary, rule)) return 'repeats';
    const likely = outcomesBehind(line, nucleus, this.vocabulary, rule, forbidden);
    const outcomes =
      likely.length > 0
        ? likely
        : outcomesBehind(line, await this.tape.behind(text, { ...shape, ...WIDE }), this.vocabulary, rule, forbidden);
    return draw(outcomes, this.random, temperature === 0);
  }
}
