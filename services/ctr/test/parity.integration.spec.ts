import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OnnxEngine } from '../src/adapters/onnxruntime/onnx-engine.js';
import { JsonTokenizer } from '../src/adapters/tokenizers/json-tokenizer.js';
import { type CtrInput, CtrInputBuilder } from '../src/domain/input/ctr-input.js';
import type { InputSpec } from '../src/domain/input/input-spec.js';
import { digest, drawnTexts, TEXTS_A_DIGEST } from './drawn-texts.js';
import {
  BACKBONES,
  digests,
  type GoldenFixture,
  goldenOf,
  type InputFixture,
  oddInputs,
  oddTexts,
  TINY_NAMES,
  tinyPath,
  torchProbabilities,
  VARIANTS,
} from './tiny-model.js';

// Python and TypeScript must turn the same texts into the same numbers. Where the fixtures come from says fixtures/README.md.

/** Largest difference between click probabilities of different runtimes. They are written with 7 decimals, and kernels round by about 1e-7. */
const TOLERANCE = 1e-6;

const FRAME = { clsToken: '[CLS]', sepToken: '[SEP]' };
const ROBERTA_FRAME = { clsToken: '<s>', sepToken: '</s>' };
const frameOf = (name: string): typeof FRAME => (name === 'roberta' ? ROBERTA_FRAME : FRAME);

function build(
  tokenizer: JsonTokenizer,
  spec: InputSpec,
  row: Omit<GoldenFixture, 'inputIds' | 'segmentIds' | 'domainIds' | 'probability'>,
): CtrInput {
  const builder = new CtrInputBuilder(spec, tokenizer);
  const chosen = row.chosen.map((text) => builder.tokenize(text));
  const sources = builder.sources(builder.read(row), (text) => builder.tokenize(text));
  return builder.build(builder.prefix(row.taskId, builder.tokenize(row.query), chosen, sources), builder.tokenize(row.candidate));
}

function specOf({ spec }: InputFixture): InputSpec {
  return { ...spec, tasks: new Map(Object.entries(spec.tasks)) };
}

describe('the tokenizer', () => {
  let tokenizer: JsonTokenizer;
  beforeAll(async () => {
    tokenizer = await JsonTokenizer.read(tinyPath('ctx', 'tokenizer.json'), FRAME);
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
    await expect(JsonTokenizer.read(path, FRAME)).rejects.toThrow();
  });
});

describe.each(Object.entries(BACKBONES))('the tokenizer of %s', (backbone, name) => {
  let tokenizer: JsonTokenizer;
  beforeAll(async () => {
    tokenizer = await JsonTokenizer.read(tinyPath(name, 'tokenizer.json'), frameOf(name));
  });

  it('gives the ids of the Python one for thousands of drawn texts', () => {
    const expected = digests()[backbone as keyof typeof BACKBONES];
    const texts = oddTexts().map(({ text }) => text);
    const rows = drawnTexts(texts, expected.length * TEXTS_A_DIGEST).map((text) => tokenizer.encode(text));
    expect(rows.length).toBeGreaterThanOrEqual(4_000);
    const found = expected.map((_, index) => digest(rows.slice(index * TEXTS_A_DIGEST, (index + 1) * TEXTS_A_DIGEST)));
    expect(found.flatMap((value, index) => (value === expected[index] ? [] : [index]))).toEqual([]);
  });

  it('takes its frame for text where a user writes it', () => {
    const ids = tokenizer.encode(`a ${frameOf(name).clsToken} b ${frameOf(name).sepToken} c`);
    expect(ids.filter((id) => id === tokenizer.clsId || id === tokenizer.sepId)).toEqual([]);
  });
});

describe('the input', () => {
  it('is that of Python for odd texts under all kinds of limits, number by number', async () => {
    const tokenizer = await JsonTokenizer.read(tinyPath('ctx', 'tokenizer.json'), FRAME);
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

describe.each(TINY_NAMES)('the click probability of the tiny %s', (name) => {
  const variant = VARIANTS.find((each) => each === name) ?? 'ctx';
  const golden = goldenOf(name);
  const torch = torchProbabilities(name);
  let engine: OnnxEngine;
  let inputs: CtrInput[];
  beforeAll(async () => {
    engine = await OnnxEngine.open(tinyPath(name, 'model.onnx'), { sessions: 1, threads: 1, providers: ['cpu'] });
    const tokenizer = await JsonTokenizer.read(tinyPath(name, 'tokenizer.json'), frameOf(name));
    const tasks = new Map([
      ['clarification', 1],
      ['hint', 2],
      ['suggestion', 3],
    ]);
    inputs = golden.map((row) => build(tokenizer, { variant, maxLength: 48, maxDomains: 6, sourceTokens: 24, tasks, unknownTask: 0 }, row));
  });
  afterAll(async () => {
    await engine.close();
  });

  it('is the same from PyTorch, from ONNX Runtime in Python and here, alone and in a padded batch', async () => {
    const { probabilities: together } = await engine.run(inputs);
    expect([golden.length, torch.length]).toEqual([inputs.length, inputs.length]);
    for (const [number, input] of inputs.entries()) {
      const [alone] = (await engine.run([input])).probabilities;
      const said = [alone, together[number], golden[number]?.probability, torch[number]].map((p) => p ?? NaN);
      expect(Math.max(...said) - Math.min(...said)).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it('comes with the disagreement of the heads', async () => {
    const { uncertainties } = await engine.run(inputs);
    expect(uncertainties).toHaveLength(inputs.length);
    expect(Math.min(...(uncertainties ?? []))).toBeGreaterThan(0);
    expect(Math.max(...(uncertainties ?? []))).toBeLessThan(0.5);
  });

  it('differs from row to row, so that a constant would not pass', () => {
    expect(new Set(golden.map(({ probability }) => probability)).size).toBeGreaterThan(20);
    expect(Math.max(...torch) - Math.min(...torch)).toBeGreaterThan(0.1);
  });
});
