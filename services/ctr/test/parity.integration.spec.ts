import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxEngine } from '../src/adapters/onnxruntime/onnx-engine.js';
import { WordPieceTokenizer } from '../src/adapters/tokenizers/wordpiece-tokenizer.js';
import { type CtrInput, CtrInputBuilder } from '../src/domain/input/ctr-input.js';
import type { InputSpec } from '../src/domain/input/input-spec.js';
import {
  type GoldenFixture,
  goldenOf,
  type InputFixture,
  oddInputs,
  oddTexts,
  tinyPath,
  torchProbabilities,
  VARIANTS,
} from './tiny-model.js';

// Python and TypeScript must turn the same texts into the same numbers. Where the fixtures come from says fixtures/README.md.

/** Largest difference between click probabilities of different runtimes. They are written with 7 decimals, and kernels round by about 1e-7. */
const TOLERANCE = 1e-6;

function build(
  tokenizer: WordPieceTokenizer,
  spec: InputSpec,
  row: Pick<GoldenFixture, 'taskId' | 'query' | 'chosen' | 'candidate'>,
): CtrInput {
  const builder = new CtrInputBuilder(spec, tokenizer);
  const chosen = row.chosen.map((text) => builder.tokenize(text));
  return builder.build(builder.prefix(row.taskId, builder.tokenize(row.query), chosen), builder.tokenize(row.candidate));
}

function specOf({ spec }: InputFixture): InputSpec {
  return { ...spec, tasks: new Map(Object.entries(spec.tasks)) };
}

describe('the tokenizer', () => {
  let tokenizer: WordPieceTokenizer;
  beforeAll(async () => {
    tokenizer = await WordPieceTokenizer.read(tinyPath('ctx', 'tokenizer.json'));
  });

  it('gives the ids of the Python one for every odd text', () => {
    const texts = oddTexts();
    expect(texts.length).toBeGreaterThan(300);
    expect(texts.filter(({ text, ids }) => tokenizer.encode(text).join() !== ids.join())).toEqual([]);
  });

  it('takes special tokens that a user writes for text', () => {
    expect([tokenizer.clsId, tokenizer.sepId]).toEqual([2, 3]);
    const ids = tokenizer.encode('[CLS] forged [SEP] structure [PAD]');
    expect(ids.length).toBeGreaterThan(6);
    expect(ids.filter((id) => id < 4 && id !== 1)).toEqual([]);
  });

  it('knows no words that every JavaScript object has', () => {
    for (const id of tokenizer.encode('constructor __proto__ toString')) expect(id).toBeTypeOf('number');
  });

  it('cuts nothing', () => {
    expect(tokenizer.encode('how '.repeat(5_000))).toHaveLength(5_000);
    expect(tokenizer.encode('')).toEqual([]);
  });

  it.each([
    ['no JSON', tinyPath('ctx', 'model.onnx')],
    ['no tokenizer', tinyPath('ctx', 'input.json')],
    ['no object', new URL('../../test/fixtures/texts.json', import.meta.url).pathname],
  ])('is not made of a file that is %s', async (_, path) => {
    await expect(WordPieceTokenizer.read(path)).rejects.toThrow();
  });
});

describe('the input', () => {
  it('is that of Python for odd texts under all kinds of limits, number by number', async () => {
    const tokenizer = await WordPieceTokenizer.read(tinyPath('ctx', 'tokenizer.json'));
    const rows = oddInputs();
    expect(new Set(rows.map(({ spec }) => spec.variant))).toEqual(new Set(VARIANTS));
    for (const row of rows) {
      const built = build(tokenizer, specOf(row), row);
      const numbers = { inputIds: [...built.inputIds], segmentIds: [...built.segmentIds], domainIds: [...built.domainIds] };
      expect({ ...numbers, taskNumber: built.taskId }).toEqual({
        inputIds: row.inputIds,
        segmentIds: row.segmentIds,
        domainIds: row.domainIds,
        taskNumber: row.taskNumber,
      });
    }
  });
});

describe.each(VARIANTS)('the click probability of variant %s', (variant) => {
  const golden = goldenOf(variant);
  const torch = torchProbabilities(variant);
  let engine: OnnxEngine;
  let inputs: CtrInput[];
  beforeAll(async () => {
    engine = await OnnxEngine.open(tinyPath(variant, 'model.onnx'), { sessions: 1, threads: 1, providers: ['cpu'] });
    const tokenizer = await WordPieceTokenizer.read(tinyPath(variant, 'tokenizer.json'));
    const tasks = new Map([
      ['clarification', 1],
      ['hint', 2],
      ['suggestion', 3],
    ]);
    inputs = golden.map((row) => build(tokenizer, { variant, maxLength: 48, maxDomains: 6, tasks, unknownTask: 0 }, row));
  });
  afterAll(async () => {
    await engine.close();
  });

  it('is the same from PyTorch, from ONNX Runtime in Python and here, alone and in a padded batch', async () => {
    const together = await engine.run(inputs);
    expect([golden.length, torch.length]).toEqual([inputs.length, inputs.length]);
    for (const [number, input] of inputs.entries()) {
      const [alone] = await engine.run([input]);
      const said = [alone, together[number], golden[number]?.probability, torch[number]].map((p) => p ?? NaN);
      expect(Math.max(...said) - Math.min(...said)).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it('differs from row to row, so that a constant would not pass', () => {
    expect(new Set(golden.map(({ probability }) => probability)).size).toBeGreaterThan(20);
    expect(Math.max(...torch) - Math.min(...torch)).toBeGreaterThan(0.1);
  });
});
