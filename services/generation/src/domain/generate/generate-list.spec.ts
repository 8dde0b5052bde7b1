import { unlimited } from '@gqr/chassis/grpc/call';
import { describe, expect, it } from 'vitest';
import { PolicySet } from '../policies/policy-set.js';
import { ListPool } from '../pool/list-pool.js';
import type { WorkedExample } from '../prompt/render-prompt.js';
import { ListCritic } from '../quality/list-critic.js';
import { FakeLanguageBackend } from '../testing/fake-language-backend.js';
import { inputsOf, sampleTask } from '../testing/sample-task.js';
import { GenerateList, type GenerateOrder } from './generate-list.js';

const policies = new PolicySet(
  new FakeLanguageBackend((text) => ({ [String.fromCodePoint(97 + (text.length % 23))]: 0.6, '\n': 0.2, '': 0.2 })),
  { stable: () => Promise.resolve(undefined), fetch: () => Promise.reject(new Error('there is no registry')) },
);
const critic = new ListCritic({ nearDuplicates: false, language: false, safety: undefined });
const example = (query: string, extra = 0): WorkedExample => ({
  inputs: inputsOf({ query, response: 'x'.repeat(extra) }),
  auxiliaryTexts: {},
  queries: [`${query} next`],
});
const orderOf = (order: Partial<GenerateOrder>): GenerateOrder => ({
  task: sampleTask,
  inputs: inputsOf(),
  examples: [],
  count: 2,
  policyVersion: 'base',
  decoding: {},
  seed: 1n,
  excluded: [],
  pool: { size: 0, key: 'prompt' },
  ...order,
});

describe('a list behind worked examples', () => {
  const lists = (): GenerateList => new GenerateList(policies, new ListPool({ maxKeys: 10, maxAgeMs: 60_000 }), critic);

  it('has them in its prompt, and a prompt version that tells it apart', async () => {
    const without = await lists().generate(orderOf({}), unlimited);
    const behind = await lists().generate(orderOf({ examples: [example('rice'), example('pasta')] }), unlimited);
    expect([without.promptExamples, behind.promptExamples]).toEqual([0, 2]);
    expect(behind.prompt).toMatch(/Query: rice\n.*rice next<\|im_end\|>\n.*Query: pasta\n.*Query: the query\n/s);
    expect(behind.prompt.endsWith(without.prompt)).toBe(true);
    expect(behind.usage.promptTokens).toBe(behind.prompt.length);
    expect(without.promptVersion).toBe('v1');
    expect(behind.promptVersion).toMatch(/^v1-[0-9a-f]{8}$/);
    const other = await lists().generate(orderOf({ examples: [example('rice')] }), unlimited);
    expect(other.promptVersion).not.toBe(behind.promptVersion);
  });

  it('says so before its first word too', async () => {
    const order = orderOf({ examples: [example('rice')] });
    const { value } = await lists().stream(order, unlimited).next();
    expect(value).toMatchObject({
      kind: 'started',
      origin: { promptExamples: 1, promptVersion: expect.stringContaining('v1-') as string },
    });
  });

  it.each([1, 2, 8])('leaves room for a response of %i queries: examples that do not fit are left out', async (count) => {
    const examples = [10, 20, 30, 40, 50, 60, 70, 80].map((extra) => example('rice', extra));
    const list = await lists().generate(orderOf({ count, examples }), unlimited);
    // A line of 20 characters is taken for 13 tokens of ordinary text.
    expect(list.usage.promptTokens + 13 * count).toBeLessThanOrEqual(1_000);
    expect(list.promptExamples).toBeGreaterThan(3);
    expect(list.promptExamples).toBeLessThan(8);
    expect(list.queries).toHaveLength(count);
  });

  it('is not drawn from the pool of those without', async () => {
    const writer = lists();
    const pool = { size: 2, key: 'query' } as const;
    for (const seed of [1n, 2n]) await writer.generate(orderOf({ pool, seed }), unlimited);
    expect((await writer.generate(orderOf({ pool }), unlimited)).poolSize).toBe(2);
    expect((await writer.generate(orderOf({ pool, examples: [example('rice')] }), unlimited)).poolSize).toBe(0);
  });
});
