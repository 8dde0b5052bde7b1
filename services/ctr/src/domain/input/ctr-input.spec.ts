import { describe, expect, it } from 'vitest';
import { FakeTokenizer } from '../../../test/fake-tokenizer.js';
import { type CtrInput, CtrInputBuilder } from './ctr-input.js';
import type { InputSpec, Sources } from './input-spec.js';

const CLS = 1;
const SEP = 2;

const tasks = new Map([['suggestion', 7]]);
const spec: InputSpec = { variant: 'ctx', maxLength: 32, maxDomains: 4, sourceTokens: 3, tasks, unknownTask: 0 };
const noSources: Sources = { answer: '', history: [], cooccurrence: [] };

/** Builds an input from texts, as the domain's callers do. */
function build(
  changes: Partial<InputSpec>,
  user: string,
  chosen: readonly string[],
  candidate: string,
  task = 'suggestion',
  known = noSources,
): CtrInput {
  const builder = new CtrInputBuilder({ ...spec, ...changes }, new FakeTokenizer());
  const tokens = (text: string): readonly number[] => builder.tokenize(text);
  const sources = builder.sources(builder.read(known), tokens);
  return builder.build(builder.prefix(task, tokens(user), chosen.map(tokens), sources), tokens(candidate));
}

const ids = (input: CtrInput): number[] => [...input.inputIds];
const segments = (input: CtrInput): number[] => [...input.segmentIds];
const domains = (input: CtrInput): number[] => [...input.domainIds];

describe('the input of Fig. 2', () => {
  // Written down by hand from the figure: [CLS] q_user q_1 q_2 [SEP] q_3. A token's position is its place in the arrays.
  it('is [CLS], what the user asked, the queries before, [SEP] and the target', () => {
    const input = build({}, '10 11 12', ['20 21 22', '30 31 32'], '40 41 42');
    expect(ids(input)).toEqual([CLS, 10, 11, 12, 20, 21, 22, 30, 31, 32, SEP, 40, 41, 42]);
    expect(segments(input)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
    expect(domains(input)).toEqual([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3]);
    expect(input.taskId).toBe(7);
  });

  it('has no context before the first query of a list', () => {
    const input = build({}, '10 11', [], '40');
    expect(ids(input)).toEqual([CLS, 10, 11, SEP, 40]);
    expect(segments(input)).toEqual([0, 0, 0, 0, 1]);
    expect(domains(input)).toEqual([0, 0, 0, 0, 1]);
  });

  it('has positions beyond the last domain share it', () => {
    const input = build({}, '10', ['20', '30', '40', '50'], '60');
    expect(domains(input)).toEqual([0, 0, 1, 2, 3, 3, 3, 3]);
  });

  it('keeps its frame where texts have no tokens', () => {
    const input = build({}, '', ['', ''], '');
    expect(ids(input)).toEqual([CLS, SEP]);
    expect(segments(input)).toEqual([0, 0]);
    expect(domains(input)).toEqual([0, 0]);
  });

  it('gives any task that the model was not trained on the id of an unknown one', () => {
    expect(build({ unknownTask: 5 }, '10', [], '20', 'other').taskId).toBe(5);
  });
});

describe('the variants of appendix B.2', () => {
  it('base says nothing of context or position', () => {
    const alone = build({ variant: 'base' }, '10 11', [], '40 41');
    expect(ids(alone)).toEqual([CLS, 10, 11, SEP, 40, 41]);
    expect(segments(alone)).toEqual([0, 0, 0, 0, 1, 1]);
    expect(domains(alone)).toEqual([0, 0, 0, 0, 1, 1]);
    expect(build({ variant: 'base' }, '10 11', ['20', '30'], '40 41')).toEqual(alone);
  });

  it('pid adds "_k" after the target and nothing else', () => {
    const input = build({ variant: 'pid' }, '10 11', ['20', '30'], '40 41');
    expect(ids(input)).toEqual([CLS, 10, 11, SEP, 40, 41, 903]);
    expect(segments(input)).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(domains(input)).toEqual([0, 0, 0, 0, 1, 1, 1]);
  });

  it('pid tokenizes each "_k" once, however many targets there are', () => {
    const tokenizer = new FakeTokenizer();
    const builder = new CtrInputBuilder({ ...spec, variant: 'pid' }, tokenizer);
    const [first, third] = [builder.prefix('suggestion', [10], []), builder.prefix('suggestion', [10], [[20], [30]])];
    for (const candidate of [[40], [41], [42]]) {
      expect(ids(builder.build(first, candidate))).toEqual([CLS, 10, SEP, ...candidate, 901]);
      expect(ids(builder.build(third, candidate))).toEqual([CLS, 10, SEP, ...candidate, 903]);
    }
    expect(tokenizer.encoded).toEqual(['_1', '_3']);
  });
});

describe('the sources of variant src', () => {
  const sources: Sources = { answer: '50 51 52 53', history: ['60', '61 62', '63'], cooccurrence: ['70 71', '72 73'] };
  const src = (maxLength: number, chosen: readonly string[] = ['20']): CtrInput =>
    build({ variant: 'src', maxLength }, '10 11', chosen, '40 41', 'suggestion', sources);

  it('stand after q_user: answer, the end of the history, co-occurrence, each with a domain of its own', () => {
    const input = src(32);
    expect(ids(input)).toEqual([CLS, 10, 11, 50, 51, 52, 61, 62, 63, 70, 71, 72, 20, SEP, 40, 41]);
    expect(domains(input)).toEqual([0, 0, 0, 4, 4, 4, 5, 5, 5, 6, 6, 6, 1, 1, 2, 2]);
    expect(segments(input)).toEqual([...Array.from({ length: 14 }, () => 0), 1, 1]);
  });

  it('make no difference where there are none, and to no other variant', () => {
    expect(build({ variant: 'src' }, '10', ['20'], '40')).toEqual(build({}, '10', ['20'], '40'));
    for (const variant of ['base', 'pid', 'ctx'] as const) {
      expect(build({ variant }, '10', ['20'], '40', 'suggestion', sources)).toEqual(build({ variant }, '10', ['20'], '40'));
    }
  });

  it.each([
    [15, [50, 51, 52, 62, 63, 70, 71, 72]],
    [13, [50, 51, 52, 70, 71, 72]],
    [11, [50, 70, 71, 72]],
    [9, [70, 71]],
    [8, [70]],
  ])('are cut to a limit of %i: old history first, then the end of the answer, then the rarest queries', (maxLength, beside) => {
    expect(ids(src(maxLength))).toEqual([CLS, 10, 11, ...beside, 20, SEP, 40, 41]);
  });

  it('give way to the queries of the list', () => {
    expect(src(9, ['20 21', '30'])).toEqual(build({ maxLength: 9 }, '10 11', ['20 21', '30'], '40 41'));
  });

  it('are read only as far as they can be kept, in whole characters', () => {
    const builder = new CtrInputBuilder({ ...spec, variant: 'src' }, new FakeTokenizer());
    const read = builder.read({
      answer: '\u{20000}'.repeat(50_000),
      history: Array.from({ length: 200 }, (_, n) => String(n)),
      cooccurrence: [],
    });
    expect(read).toEqual({ answer: '\u{20000}'.repeat(24), history: ['197', '198', '199'], cooccurrence: [] });
  });
});

describe('an input that is too long', () => {
  it('loses the oldest context first, token by token', () => {
    // Room for 10: [CLS], [SEP], a target of 2, and 6 before it, of which q_user takes 2.
    const input = build({ maxLength: 10 }, '10 11', ['20 21 22', '30 31 32'], '40 41');
    expect(ids(input)).toEqual([CLS, 10, 11, 22, 30, 31, 32, SEP, 40, 41]);
    expect(segments(input)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(domains(input)).toEqual([0, 0, 0, 1, 2, 2, 2, 2, 3, 3]);
  });

  it('loses whole old queries before any token of a newer one', () => {
    const input = build({ maxLength: 8 }, '10 11', ['20 21 22', '30 31 32'], '40 41');
    expect(ids(input)).toEqual([CLS, 10, 11, 31, 32, SEP, 40, 41]);
    expect(domains(input)).toEqual([0, 0, 0, 2, 2, 2, 3, 3]);
  });

  it('loses the end of q_user only once no context is left', () => {
    const input = build({ maxLength: 8 }, '10 11 12 13 14', ['20'], '40 41 42');
    expect(ids(input)).toEqual([CLS, 10, 11, 12, SEP, 40, 41, 42]);
    // The target stays the second query, though nothing of the first is left.
    expect(domains(input)).toEqual([0, 0, 0, 0, 0, 2, 2, 2]);
  });

  it('cuts the target only where it alone would fill the input, and leaves one token of q_user', () => {
    const whole = build({ maxLength: 8 }, '10 11', ['20'], '40 41 42 43 44');
    expect(ids(whole)).toEqual([CLS, 10, SEP, 40, 41, 42, 43, 44]);
    expect(ids(build({ maxLength: 8 }, '10 11', ['20'], '40 41 42 43 44 45'))).toEqual(ids(whole));
  });

  it('keeps the position of a target that is cut', () => {
    const input = build({ variant: 'pid', maxLength: 8 }, '10 11', ['20'], '40 41 42 43 44 45');
    expect(ids(input)).toEqual([CLS, 10, SEP, 40, 41, 42, 43, 902]);
  });

  it.each(['base', 'pid', 'ctx'] as const)('keeps [CLS], [SEP] and the whole target within the limit in variant %s', (variant) => {
    const target = [40, 41, 42];
    const end = variant === 'pid' ? [...target, 904] : target;
    for (let length = 0; length < 40; length++) {
      const text = Array.from({ length }, () => '5').join(' ');
      const input = build({ variant, maxLength: 16 }, text, [text, text, text], target.join(' '));
      expect(input.inputIds.length).toBeLessThanOrEqual(16);
      expect(input.segmentIds).toHaveLength(input.inputIds.length);
      expect(input.domainIds).toHaveLength(input.inputIds.length);
      expect(input.inputIds[0]).toBe(CLS);
      expect(ids(input).slice(-end.length - 1)).toEqual([SEP, ...end]);
      expect(input.segmentIds.indexOf(1)).toBe(input.inputIds.length - end.length);
    }
  });
});
