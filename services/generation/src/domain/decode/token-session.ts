import { normalise } from '@gqr/chassis/text/normalise';
import type {
  CandidateLine,
  DrawnLine,
  PromptSession,
  ProposeLineOrder,
  ResponsePoint,
  ScoredLine,
  WriteOrder,
} from '../backend/language-backend.js';
import type { LineRule } from '../grammar/line-rule.js';
import { SEPARATOR } from '../grammar/response-grammar.js';
import { diverseBeams } from './diverse-beams.js';
import { LineDrawer } from './line-drawer.js';
import { seededRandom } from './seeded-random.js';
import { Tape } from './tape.js';
import type { LentSequence, Vocabulary } from './token-model.js';

/**
 * Writes, proposes and scores by a model that yields the distribution of the next token. Heads and separators are given, all else is
 * drawn from the distribution restricted to what the rule of the line allows, so that a line always obeys its rule and the probability
 * of every draw is known exactly.
 */
export class TokenSession implements PromptSession {
  readonly waitedMs: number;
  readonly promptMs: number;
  readonly cachedTokens: number;
  private readonly tape: Tape;

  constructor(
    private readonly prompt: readonly number[],
    private readonly sequence: LentSequence,
    private readonly vocabulary: Vocabulary,
  ) {
    ({ waitedMs: this.waitedMs, promptMs: this.promptMs, cachedTokens: this.cachedTokens } = sequence);
    this.tape = new Tape(sequence, prompt.slice(0, sequence.length));
  }

  async *write(order: WriteOrder): AsyncGenerator<DrawnLine, void> {
    const drawer = this.drawer(order);
    let text = this.textOf(order);
    const own = new Set<string>();
    for (const { head, rule } of order.lines) {
      text = [...text, ...this.vocabulary.encode(head)];
      const line = await drawer.draw(text, head === '' ? excluding(rule, own) : rule);
      if (line === undefined) return;
      if (head === '') own.add(normalise(line.text));
      yield line;
      text = [...text, ...line.given, ...line.drawn, ...this.vocabulary.encode(SEPARATOR)];
    }
  }

  async propose(order: ProposeLineOrder): Promise<readonly CandidateLine[]> {
    const { head, rule } = order.line;
    const prefix = [...this.textOf(order), ...this.vocabulary.encode(head)];
    const found =
      order.search.kind === 'sample'
        ? await this.sample(prefix, rule, order)
        : await diverseBeams({ tape: this.tape, vocabulary: this.vocabulary, prefix, rule, candidates: order.candidates, ...order.search });
    const candidates: CandidateLine[] = [];
    for (const { text, tokens } of found) {
      const line = rule.afterHead ? ` ${text}` : text;
      const scores = await this.tape.score(prefix, [...this.vocabulary.encode(line), ...this.ending(order.ends)]);
      candidates.push({ text, logProbability: sum(scores), tokens });
    }
    return candidates.sort((a, b) => b.logProbability - a.logProbability);
  }

  async score(lines: readonly string[]): Promise<readonly ScoredLine[]> {
    const tokens = lines.map((line, at) => [...this.vocabulary.encode(line), ...this.ending(at === lines.length - 1)]);
    const scores = await this.tape.score(this.prompt, tokens.flat());
    let at = 0;
    return tokens.map((line) => ({ logProbability: sum(scores.slice(at, (at += line.length))), tokens: line.length }));
  }

  release(): void {
    this.sequence.release();
  }

  private async sample(prefix: readonly number[], rule: LineRule, order: ProposeLineOrder): Promise<{ text: string; tokens: number }[]> {
    const drawer = this.drawer(order);
    const known = new Set<string>();
    const lines: { text: string; tokens: number }[] = [];
    for (let i = 0; i < order.candidates; i++) {
      const line = await drawer.draw(prefix, excluding(rule, known));
      if (line === undefined) break;
      drawer.forget(line.drawn.length);
      known.add(normalise(line.text));
      lines.push(line);
    }
    return lines;
  }

  private drawer({ given, decoding, seed }: ResponsePoint): LineDrawer {
    const written = given.flatMap((line) => this.vocabulary.encode(line));
    return new LineDrawer(this.tape, this.vocabulary, decoding, seededRandom(seed), written);
  }

  /** Prompt and given lines. */
  private textOf({ given }: ResponsePoint): number[] {
    const separator = this.vocabulary.encode(SEPARATOR);
    return [...this.prompt, ...given.flatMap((line) => [...this.vocabulary.encode(line), ...separator])];
  }

  private ending(ends: boolean): readonly number[] {
    return ends ? [this.vocabulary.endOfText] : this.vocabulary.encode(SEPARATOR);
  }
}

function excluding(rule: LineRule, texts: ReadonlySet<string>): LineRule {
  return { ...rule, excluded: rule.excluded.union(texts) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
