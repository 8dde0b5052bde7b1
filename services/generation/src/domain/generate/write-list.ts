import { normalise } from '@gqr/chassis/text/normalise';
import type { DrawnLine, PromptSession } from '../backend/language-backend.js';
import type { Random } from '../decode/draw.js';
import { drawSeed } from '../decode/seeded-random.js';
import { ListIncompleteError } from '../errors.js';
import { obeys } from '../grammar/line-rule.js';
import type { ResponseLine } from '../grammar/response-grammar.js';
import { auxiliaryLine, queryLine } from '../prompt/response-lines.js';
import { type Fault, mustNotBeShown } from '../quality/fault.js';
import type { FaultOf } from '../quality/list-critic.js';
import type { Decoding, Task } from '../tasks/task.js';

/** A line that is complete. */
export type ListPiece =
  | { readonly kind: 'auxiliary'; readonly name: string; readonly text: string; readonly logPropensity: number | undefined }
  | { readonly kind: 'query'; readonly text: string; readonly logPropensity: number | undefined };

/** What is to be written. */
export interface ListOrder {
  readonly task: Task;
  readonly count: number;
  /** The user's query as it was typed. */
  readonly userQuery: string;
  /** Normalised texts that no query may be. */
  readonly excluded: ReadonlySet<string>;
  readonly decoding: Decoding;
  readonly random: Random;
  readonly faultOf: FaultOf;
}

/** What writing cost. */
export interface WritingCost {
  tokens: number;
  redraws: number;
}

/** Times that a line is drawn again because it repeats what is known or is not in the user's language; then the first one stands. */
const MAX_REDRAWS = 3;
/** Times that a line is drawn again when none that may be shown came. */
const MAX_DESPERATE_REDRAWS = 8;
/** A line that was refused tends to come again; each further draw is freer. */
const TEMPERATURE_STEP = 0.1;
const MIN_REDRAW_TEMPERATURE = 0.7;
const MAX_TEMPERATURE = 1.2;

/** A line that was refused. */
interface Refused {
  readonly text: string;
  readonly fault: Fault;
}

/** Has a session write a list, and draws again what the user should not see. */
export class ListWriter {
  readonly cost: WritingCost = { tokens: 0, redraws: 0 };
  /** Faults of the lines that were drawn again. */
  readonly refused: Fault[] = [];
  /** Faults of the lines that stand for want of better ones. */
  readonly tolerated: Fault[] = [];
  /** Lines that stand, heads included. */
  private readonly given: string[] = [];
  private readonly queries: string[] = [];
  /** Normalised texts that no query may be, those of the list among them. */
  private excluded: ReadonlySet<string>;
  /** Lines that are still to be written. */
  private left: readonly ResponseLine[];

  constructor(
    private readonly order: ListOrder,
    private readonly session: PromptSession,
  ) {
    this.excluded = order.excluded;
    this.left = this.linesLeft();
  }

  /** @throws ListIncompleteError when no allowed text can be found */
  async *write(): AsyncGenerator<ListPiece, void> {
    while (this.left.length > 0) yield* this.writeOn();
  }

  /** Writes as far as all goes well. Then draws the line that was refused again, until one can stand. */
  private async *writeOn(): AsyncGenerator<ListPiece, void> {
    let refused: Refused | undefined;
    for await (const line of this.draw(this.left, this.order.decoding)) {
      refused = this.refuse(line);
      if (refused !== undefined) break;
      yield this.accept(line.text, line.logPropensity);
    }
    const [next] = this.left;
    if (next === undefined) return;
    const spare = refused === undefined ? [] : [refused];
    for (let attempt = 1; attempt <= MAX_DESPERATE_REDRAWS; attempt++) {
      const mild = spare.find(({ fault }) => !mustNotBeShown(fault));
      if (mild !== undefined && attempt > MAX_REDRAWS) {
        this.tolerated.push(mild.fault);
        yield this.accept(mild.text, undefined);
        return;
      }
      this.cost.redraws++;
      const seen = new Set(spare.map(({ text }) => normalise(text)));
      for await (const line of this.draw([excluding(next, seen)], freer(this.order.decoding, attempt))) {
        refused = this.refuse(line);
        if (refused === undefined) {
          yield this.accept(line.text, undefined);
          return;
        }
        spare.push(refused);
      }
    }
    throw new ListIncompleteError(this.queries.length, this.order.count);
  }

  private draw(lines: readonly ResponseLine[], decoding: Decoding): AsyncGenerator<DrawnLine, void> {
    const seed = drawSeed(this.order.random);
    return this.session.write({ given: [...this.given], lines, decoding, seed, ends: lines.length === this.left.length });
  }

  private linesLeft(): ResponseLine[] {
    const { task, count, userQuery } = this.order;
    const auxiliary = task.auxiliaryTexts.slice(this.given.length).map(auxiliaryLine);
    const query = queryLine(task, userQuery, this.excluded);
    return [...auxiliary, ...Array.from({ length: count - this.queries.length }, () => query)];
  }

  /** Counts what a line cost; says what is wrong with it. */
  private refuse({ text, tokens, redraws }: DrawnLine): Refused | undefined {
    this.cost.tokens += tokens;
    this.cost.redraws += redraws;
    const fault = this.faultOf(text);
    // A model that does not know the user's language is not asked for it again and again.
    if (fault === undefined || (fault === 'language' && this.tolerated.includes('language'))) return undefined;
    this.refused.push(fault);
    return { text, fault };
  }

  private faultOf(text: string): Fault | undefined {
    const [line] = this.left;
    if (line === undefined || !obeys(text, line.rule)) return 'malformed';
    return this.order.faultOf(text, line.head === '' ? 'query' : 'auxiliary', this.queries);
  }

  private accept(text: string, logPropensity: number | undefined): ListPiece {
    const auxiliary = this.order.task.auxiliaryTexts[this.given.length];
    if (auxiliary === undefined) {
      this.given.push(text);
      this.queries.push(text);
      this.excluded = this.excluded.union(new Set([normalise(text)]));
      this.left = this.linesLeft();
      return { kind: 'query', text, logPropensity };
    }
    this.given.push(`${auxiliaryLine(auxiliary).head}${text === '' ? '' : ` ${text}`}`);
    this.left = this.left.slice(1);
    return { kind: 'auxiliary', name: auxiliary.name, text, logPropensity };
  }
}

function freer(decoding: Decoding, attempt: number): Decoding {
  const temperature = Math.min(MAX_TEMPERATURE, Math.max(decoding.temperature, MIN_REDRAW_TEMPERATURE) + TEMPERATURE_STEP * attempt);
  return { ...decoding, temperature: Math.max(temperature, decoding.temperature) };
}

function excluding(line: ResponseLine, texts: ReadonlySet<string>): ResponseLine {
  return { ...line, rule: { ...line.rule, excluded: line.rule.excluded.union(texts) } };
}
