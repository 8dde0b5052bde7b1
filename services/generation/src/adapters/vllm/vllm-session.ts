import { CallEndedError, messageOf } from '@gqr/chassis/errors';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import { normalise } from '@gqr/chassis/text/normalise';
import type {
  CandidateLine,
  DrawnLine,
  PromptSession,
  ProposeLineOrder,
  ResponsePoint,
  ScoredLine,
  WriteOrder,
} from '../../domain/backend/language-backend.js';
import type { Vocabulary } from '../../domain/decode/token-model.js';
import { BackendFaultError, UnsupportedByBackendError } from '../../domain/errors.js';
import { obeys } from '../../domain/grammar/line-rule.js';
import { regexOf, type ResponseLine, SEPARATOR } from '../../domain/grammar/response-grammar.js';
import type { RenderedPrompt } from '../../domain/prompt/render-prompt.js';
import { LineReader, MalformedTextError } from './line-reader.js';
import type { Fleet } from './fleet.js';

/** Tokens that one line may take; a line of the longest that a task may ask for takes fewer. */
const LINE_TOKENS = 128;
/** Rounds in which candidates that repeat others are drawn anew. */
const ROUNDS = 3;
/** Longest grammar that is sent: a server compiles it, and one out of bounds would hold it up for everybody. */
const MAX_REGEX = 32_768;

export interface SessionOptions {
  readonly name: string;
  readonly fleet: Fleet;
  readonly vocabulary: Pick<Vocabulary, 'encode' | 'endOfText'>;
  readonly contextTokens: number;
  readonly scores: boolean;
  /** Name of the policy's adapter; empty for the base model. */
  readonly adapter: string;
}

/** One prompt under one policy. Nothing of it is held on a server: every call sends the prompt, which the server has in its cache. */
export class VllmSession implements PromptSession {
  readonly promptMs = 0;
  readonly cachedTokens = 0;

  constructor(
    private readonly options: SessionOptions,
    private readonly prompt: RenderedPrompt,
    private readonly limits: CallLimits,
    readonly waitedMs: number,
    private readonly onRelease: () => void,
  ) {}

  write(order: WriteOrder): AsyncGenerator<DrawnLine, void> {
    return this.read(order, order.lines, order.seed, this.limits);
  }

  async propose(order: ProposeLineOrder): Promise<readonly CandidateLine[]> {
    if (order.search.kind !== 'sample') throw new UnsupportedByBackendError(this.options.name, 'search by diverse beams');
    const drawn = await this.drawDistinct(order);
    const prefix = this.tokensUpTo(order.given);
    const scored = drawn.map(({ text, tokens }) => async (limits: CallLimits): Promise<CandidateLine> => {
      const { head } = order.line;
      const line = this.lineTokens(`${head}${head !== '' && text !== '' ? ' ' : ''}${text}`, order.ends);
      return { text, logProbability: sum(await this.logProbabilities(prefix, line, limits)), tokens };
    });
    return (await this.together(scored)).sort((a, b) => b.logProbability - a.logProbability);
  }

  async score(lines: readonly string[]): Promise<readonly ScoredLine[]> {
    const tokens = lines.map((line, at) => this.lineTokens(line, at === lines.length - 1));
    const scores = await this.logProbabilities(this.prompt.tokens, tokens.flat(), this.limits);
    let at = 0;
    return tokens.map((line) => ({ logProbability: sum(scores.slice(at, (at += line.length))), tokens: line.length }));
  }

  release(): void {
    this.onRelease();
  }

  /** Draws all candidates at the same time, and those anew that repeat others or break their rule. */
  private async drawDistinct(order: ProposeLineOrder): Promise<readonly DrawnLine[]> {
    const distinct = new Map<string, DrawnLine>();
    for (let round = 0; round < ROUNDS && distinct.size < order.candidates; round++) {
      const seeds = Array.from({ length: order.candidates - distinct.size }, (_, i) => order.seed * 1_000_003n + BigInt(round * 64 + i));
      const drawn = await this.together(seeds.map((seed) => (limits: CallLimits) => this.drawLine(order, seed, limits)));
      for (const line of drawn) {
        if (line === undefined || !obeys(line.text, order.line.rule)) continue;
        const key = normalise(line.text);
        if (!distinct.has(key)) distinct.set(key, line);
      }
    }
    return [...distinct.values()];
  }

  /** One line; undefined if it does not end within its tokens. */
  private async drawLine(order: ProposeLineOrder, seed: bigint, limits: CallLimits): Promise<DrawnLine | undefined> {
    for await (const line of this.read(order, [order.line], seed, limits)) return line;
    return undefined;
  }

  private async *read(
    point: ResponsePoint,
    lines: readonly ResponseLine[],
    seed: bigint,
    limits: CallLimits,
  ): AsyncGenerator<DrawnLine, void> {
    const prompt = this.tokensUpTo(point.given);
    const maxTokens = Math.min(lines.length * LINE_TOKENS, this.options.contextTokens - prompt.length);
    if (lines.length === 0 || maxTokens < 1) return;
    const { adapter, fleet, name } = this.options;
    const regex = checkedRegex(name, lines, point.ends);
    const reader = new LineReader(lines, point.ends);
    try {
      for await (const piece of fleet.write({ prompt, adapter, decoding: point.decoding, seed, regex, maxTokens }, limits))
        yield* reader.read(piece);
    } catch (error) {
      if (!(error instanceof MalformedTextError)) throw error;
      throw new BackendFaultError(name, `its text is none of the grammar's: ${error.message}`);
    }
  }

  /** Log-probabilities of `tokens` behind `prefix`. */
  private async logProbabilities(prefix: readonly number[], tokens: readonly number[], limits: CallLimits): Promise<readonly number[]> {
    const { fleet, adapter, contextTokens, name, scores } = this.options;
    if (!scores) throw new UnsupportedByBackendError(name, 'score texts: GQR_VLLM_SCORES is false');
    const all = [...prefix, ...tokens];
    // A server scores a prompt and has to write one token behind it.
    if (all.length >= contextTokens)
      throw new UnsupportedByBackendError(name, `score ${String(all.length)} tokens, where ${String(contextTokens - 1)} are the most`);
    return (await fleet.scorePrompt(all, adapter, limits)).slice(prefix.length);
  }

  /** Does some works at the same time; if one of them fails, the others are ended. */
  private async together<T>(works: readonly ((limits: CallLimits) => Promise<T>)[]): Promise<T[]> {
    const stop = new AbortController();
    const limits = { signal: AbortSignal.any([this.limits.signal, stop.signal]), deadline: this.limits.deadline };
    try {
      return await Promise.all(works.map((work) => work(limits)));
    } finally {
      stop.abort(new CallEndedError('cancelled'));
    }
  }

  private tokensUpTo(given: readonly string[]): readonly number[] {
    return [...this.prompt.tokens, ...given.flatMap((line) => this.lineTokens(line, false))];
  }

  private lineTokens(line: string, last: boolean): readonly number[] {
    const { vocabulary } = this.options;
    return [...vocabulary.encode(line), ...(last ? [vocabulary.endOfText] : vocabulary.encode(SEPARATOR))];
  }
}

/** The grammar of some lines, as a server can take it. A server that cannot compile it answers as if it had failed itself. */
function checkedRegex(name: string, lines: readonly ResponseLine[], ends: boolean): string {
  const regex = regexOf(lines, ends);
  if (regex.length > MAX_REGEX)
    throw new UnsupportedByBackendError(name, `hold ${String(lines.length)} lines to a grammar of ${String(regex.length)} characters`);
  try {
    new RegExp(regex, 'u');
  } catch (error) {
    throw new UnsupportedByBackendError(name, `hold the lines to their rules: ${messageOf(error)}`);
  }
  return regex;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
