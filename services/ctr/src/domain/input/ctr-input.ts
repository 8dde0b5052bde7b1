import type { InputSpec, Sources, Tokenizer } from './input-spec.js';

/** One input of the predictor; the three arrays are equally long. */
export interface CtrInput {
  readonly inputIds: Int32Array;
  /** 0 up to and including [SEP], 1 for the target. */
  readonly segmentIds: Int32Array;
  /**
   * 0 for [CLS] and q_user, j for q_j, k for the target; [SEP] has that of the token before it. The sources of variant "src" have those from
   * maxDomains on: answer, history, co-occurrence.
   */
  readonly domainIds: Int32Array;
  readonly taskId: number;
}

/** What stands before the target, as token ids: q_user and q_1..q_{k-1}. Shared by all targets that are tried after it. */
export interface Prefix {
  readonly taskId: number;
  readonly user: readonly number[];
  readonly chosen: readonly (readonly number[])[];
  readonly sources: SourceTokens;
}

/** Token ids of the sources, of each at most sourceTokens; none in variants that read none. */
export interface SourceTokens {
  readonly answer: readonly number[];
  readonly history: readonly number[];
  readonly cooccurrence: readonly number[];
}

const NO_SOURCES: SourceTokens = { answer: [], history: [], cooccurrence: [] };

/** Of each text of a source so many characters are read for each token that is kept: it can be a hundred times longer. */
const CHARACTERS_A_TOKEN = 8;

/** The first characters (code points) of a text. */
function beginning(text: string, characters: number): string {
  return Array.from(text.slice(0, 2 * characters))
    .slice(0, characters)
    .join('');
}

/**
 * Builds the input of the predictor, Fig. 2 of the paper: [CLS] q_user q_1..q_{k-1} [SEP] q_k, in variant "src" with sources
 * after q_user. The one place in this service that knows its layout; gqr_learner/ctr/input.py is its twin in training, and golden.json of every model holds both together.
 */
export class CtrInputBuilder {
  /** "_k" as tokens, by k. */
  private readonly marks = new Map<number, readonly number[]>();

  constructor(
    private readonly spec: InputSpec,
    private readonly tokenizer: Tokenizer,
  ) {}

  tokenize(text: string): readonly number[] {
    return this.tokenizer.encode(text);
  }

  /** The prefix of texts that are tokenized already. */
  prefix(taskId: string, user: readonly number[], chosen: readonly (readonly number[])[], sources: SourceTokens = NO_SOURCES): Prefix {
    return { taskId: this.spec.tasks.get(taskId) ?? this.spec.unknownTask, user, chosen, sources };
  }

  /** What of the sources is to be tokenized: nothing unless the variant reads them, and no more of them than can be kept. */
  read({ answer, history, cooccurrence }: Sources): Sources {
    const { variant, sourceTokens: most } = this.spec;
    if (variant !== 'src') return { answer: '', history: [], cooccurrence: [] };
    const cut = (text: string): string => beginning(text, most * CHARACTERS_A_TOKEN);
    return { answer: cut(answer), history: history.slice(-most).map(cut), cooccurrence: cooccurrence.slice(0, most).map(cut) };
  }

  /** The tokens of sources that `read` gave. */
  sources({ answer, history, cooccurrence }: Sources, tokens: (text: string) => readonly number[]): SourceTokens {
    const { variant, sourceTokens: most } = this.spec;
    if (variant !== 'src') return NO_SOURCES;
    return {
      answer: tokens(answer).slice(0, most),
      history: history.flatMap(tokens).slice(-most),
      cooccurrence: cooccurrence.flatMap(tokens).slice(0, most),
    };
  }

  /**
   * The input for a target after a prefix. What is too long is cut: the target's tail beyond maxLength - 3 tokens, then the sources
   * (history from the oldest token on, the answer's tail, the last co-occurrence queries), then the preceding queries from the oldest token
   * on, then the tail of q_user.
   */
  build(prefix: Prefix, candidate: readonly number[]): CtrInput {
    const { maxLength, maxDomains } = this.spec;
    const { answer, history, cooccurrence } = prefix.sources;
    const position = prefix.chosen.length + 1;
    const target = this.target(candidate, position);
    const room = maxLength - 2 - target.length;
    const before = this.hasContext ? prefix.chosen.reduce((sum, ids) => sum + ids.length, 0) : 0;
    const kept = Math.max(0, Math.min(before, room - prefix.user.length));
    const userLength = Math.min(prefix.user.length, room - kept);

    const beside = room - kept - userLength;
    const cooccurrenceLength = Math.min(cooccurrence.length, beside);
    const answerLength = Math.min(answer.length, beside - cooccurrenceLength);
    const historyLength = Math.min(history.length, beside - cooccurrenceLength - answerLength);
    const sourcesLength = answerLength + historyLength + cooccurrenceLength;

    const input = new InputWriter(2 + userLength + sourcesLength + kept + target.length, prefix.taskId);
    input.write([this.tokenizer.clsId], 0, 0);
    input.write(prefix.user, 0, 0, 0, userLength);
    input.write(answer, 0, maxDomains, 0, answerLength);
    input.write(history, 0, maxDomains + 1, history.length - historyLength);
    input.write(cooccurrence, 0, maxDomains + 2, 0, cooccurrenceLength);
    let dropped = before - kept;
    if (kept > 0) {
      for (const [index, ids] of prefix.chosen.entries()) {
        input.write(ids, 0, this.domain(index + 1), Math.min(dropped, ids.length));
        dropped = Math.max(0, dropped - ids.length);
      }
    }
    input.write([this.tokenizer.sepId], 0, input.lastDomain);
    // Without context a position must not leak in by its domain.
    input.write(target, 1, this.hasContext ? this.domain(position) : 1);
    return input;
  }

  private get hasContext(): boolean {
    return this.spec.variant === 'ctx' || this.spec.variant === 'src';
  }

  private target(candidate: readonly number[], position: number): readonly number[] {
    const mark = this.spec.variant === 'pid' ? this.mark(position) : [];
    const room = this.spec.maxLength - 3 - mark.length;
    return mark.length === 0 && candidate.length <= room ? candidate : [...candidate.slice(0, room), ...mark];
  }

  private mark(position: number): readonly number[] {
    const known = this.marks.get(position) ?? this.tokenizer.encode(`_${String(position)}`);
    this.marks.set(position, known);
    return known;
  }

  private domain(position: number): number {
    return Math.min(position, this.spec.maxDomains - 1);
  }
}

class InputWriter implements CtrInput {
  readonly inputIds: Int32Array;
  readonly segmentIds: Int32Array;
  readonly domainIds: Int32Array;
  private written = 0;

  constructor(
    length: number,
    readonly taskId: number,
  ) {
    this.inputIds = new Int32Array(length);
    this.segmentIds = new Int32Array(length);
    this.domainIds = new Int32Array(length);
  }

  get lastDomain(): number {
    return this.domainIds[this.written - 1] ?? 0;
  }

  /** Appends ids[from..to) with their segment and domain. */
  write(ids: readonly number[], segment: number, domain: number, from = 0, to = ids.length): void {
    for (let i = from; i < to; i++) {
      this.inputIds[this.written] = ids[i] ?? 0;
      this.segmentIds[this.written] = segment;
      this.domainIds[this.written] = domain;
      this.written++;
    }
  }
}
