import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { learnerPython, NO_LEARNER } from '@gqr/chassis/testing/learner-python';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServices } from './fake-services.js';
import { type Finished, runCli } from './run-cli.js';

const PROMPTS = [
  { taskId: 'suggestion', query: 'how long does rice keep', response: 'Four days in the fridge.', cooccurrence: ['freeze rice'] },
  { taskId: 'suggestion', query: 'is rice gluten free', history: ['rice or pasta', { query: 'rice', response: 'Rice is a grain.' }] },
];
const PATIENCE_MS = 300_000;
/** Answers for a list of two queries, and takes no time. */
const VERDICT = '{"related":"low","unlike_query":true,"unlike_response":true,"unlike_list":true}';
const JUDGE = `while read -r line; do echo '{"verdicts":[${VERDICT},${VERDICT}]}'; done`;

let fake: FakeServices;
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gqr-cli-'));
  writeFileSync(join(folder, 'prompts.jsonl'), PROMPTS.map((prompt) => `${JSON.stringify(prompt)}\n`).join(''));
  fake = new FakeServices();
  await fake.start();
});
afterEach(() => {
  fake.stop();
  rmSync(folder, { recursive: true });
});

const evaluate = (...args: string[]): Promise<Finished> =>
  runCli(['evaluate', 'generation', '--prompts', join(folder, 'prompts.jsonl'), '--json', ...args], {
    GQR_DATA: folder,
    GQR_GENERATION_ADDRESS: fake.address,
  });
const generated = (): unknown[] => fake.requests.filter(({ method }) => method === 'Generate').map(({ request }) => request);

describe('evaluate generation', () => {
  if (learnerPython === undefined) {
    it('judges lists', (test) => {
      test.skip(NO_LEARNER);
    });
    return;
  }

  it(
    'writes lists by policies in turn, judges them and reports',
    async () => {
      const out = join(folder, 'out');
      const { code, json } = await evaluate('--policy', 'base', '--policy', 'serving', '--lists', '2', '--out', out, '--seed', '40');
      expect(code).toBe(0);
      const asked = generated() as { policyVersion: string; decoding: { seed: bigint } }[];
      expect(asked.map(({ policyVersion, decoding }) => [policyVersion, decoding.seed])).toEqual(
        [0, 1].flatMap(() =>
          [41n, 42n].flatMap((seed) => [
            ['base', seed],
            ['', seed],
          ]),
        ),
      );
      expect(asked[0]).toMatchObject({
        context: { query: 'how long does rice keep', response: 'Four days in the fridge.' },
        cooccurrenceQueries: ['freeze rice'],
      });
      const { figures } = json() as { figures: Record<string, unknown>[] };
      expect(figures).toMatchObject([
        { policy: 'base', lists: 4, parsed: 1, distinct: 1, judged: { prompts: 2 } },
        { policy: 'serving', judged: { against: { policy: 'base', prompts: 2, relatedness: { tie: 1, difference: 0 } } } },
      ]);
      expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain('| suggestion | serving | base | relatedness |');
      for (const picture of ['relatedness.svg', 'exclusivity.svg'])
        expect(readFileSync(join(out, picture), 'utf8')).toContain('suggestion: base');
    },
    PATIENCE_MS,
  );

  it(
    'holds a policy against the bare model with worked examples',
    async () => {
      const out = join(folder, 'out');
      const policies = ['--policy', 'few-shot', '--policy', 'serving'];
      const { json } = await evaluate(...policies, '--examples', '2', '--judge', JUDGE, '--out', out);
      const asked = generated() as { policyVersion: string; examples: { queries: string[] }[] }[];
      expect(asked.map(({ policyVersion, examples }) => [policyVersion, examples.length])).toEqual([
        ['base', 2],
        ['', 0],
        ['base', 2],
        ['', 0],
      ]);
      expect(asked[0]?.examples[0]?.queries).toHaveLength(3);
      expect(asked[0]?.examples).not.toEqual(asked[2]?.examples);
      expect(json()).toMatchObject({
        figures: [
          { policy: 'few-shot', examples: 2 },
          { policy: 'serving', examples: 0, judged: { against: { policy: 'few-shot' } } },
        ],
      });
      expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain('as many as fit: suggestion 2.0 a prompt.');
    },
    PATIENCE_MS,
  );

  it(
    'takes a list that did not come in time for none, not for one that does not parse',
    async () => {
      fake.late = 1;
      const out = join(folder, 'out');
      const { json } = await evaluate('--policy', 'base', '--policy', 'serving', '--judge', JUDGE, '--out', out);
      expect(json()).toMatchObject({
        figures: [
          { policy: 'base', lists: 2, unanswered: 1, parsed: 1 },
          { policy: 'serving', lists: 2, unanswered: 0, parsed: 1, judged: { against: { policy: 'base', prompts: 1 } } },
        ],
      });
      expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain('suggestion base 1 of 2 (DEADLINE_EXCEEDED)');
    },
    PATIENCE_MS,
  );

  it(
    'goes on with an evaluation that was cut off, even within a line',
    async () => {
      const out = join(folder, 'out');
      await evaluate('--out', out, '--judge', JUDGE);
      const lines = readFileSync(join(out, 'written.jsonl'), 'utf8').split('\n');
      writeFileSync(join(out, 'written.jsonl'), `${lines[0] ?? ''}\n${lines[1]?.slice(0, 20) ?? ''}`);
      fake.requests.length = 0;
      const { json } = await evaluate('--out', out, '--judge', JUDGE);
      expect(generated()).toHaveLength(1);
      expect(json()).toMatchObject({ figures: [{ lists: 2 }] });
    },
    PATIENCE_MS,
  );

  it(
    'takes the verdicts of a judge of the user, and says what is wrong with them',
    async () => {
      const { json } = await evaluate('--judge', JUDGE);
      expect(json()).toMatchObject({ figures: [{ judged: { levels: { low: 1 }, relatedness: { mean: 0 } } }] });
      const wrong = await evaluate('--judge', "echo '{}'");
      expect(wrong.code).toBe(1);
      expect(wrong.json()).toMatchObject({ error: { message: expect.stringContaining('1 lines for 2 lists') as string } });
      expect((await evaluate('--judge', 'exit 3')).json()).toMatchObject({
        error: { message: 'The judge ended with status 3' },
      });
    },
    PATIENCE_MS,
  );
});

it.skipIf(learnerPython === undefined)(
  'instances lint names file, line and remedy of a fault',
  async () => {
    writeFileSync(join(folder, 'hint-a.jsonl'), '{"id": "x"}\n');
    const { code, stdout } = await runCli(['instances', 'lint', join(folder, 'hint-a.jsonl'), '--no-semantic'], {});
    expect(code).toBe(2);
    expect(stdout).toMatch(/hint-a\.jsonl:1: is no instance: lacks 'inputs'.*1 faults/s);
  },
  PATIENCE_MS,
);

it('names the line of a file of prompts that is none', async () => {
  writeFileSync(join(folder, 'prompts.jsonl'), `${JSON.stringify(PROMPTS[0])}\n{"taskId":"hint"}\n`);
  const { code, json } = await evaluate();
  expect(code).toBe(2);
  expect(json()).toMatchObject({ error: { message: expect.stringMatching(/prompts\.jsonl:2 is no prompt: .*query/) as string } });
});

it('says that no prompt is for the task', async () => {
  const { code, json } = await evaluate('--task', 'hint');
  expect([code, json()]).toMatchObject([2, { error: { message: expect.stringContaining('has no prompt for hint') as string } }]);
});

it('has no examples for a task without written instances, and takes no more than 8', async () => {
  writeFileSync(join(folder, 'prompts.jsonl'), '{"taskId":"translation","query":"good night"}\n');
  const none = await evaluate('--policy', 'few-shot');
  expect([none.code, none.json()]).toMatchObject([
    2,
    { error: { message: 'There are no written instances of translation to take examples from' } },
  ]);
  const many = await evaluate('--policy', 'few-shot', '--examples', '9');
  expect([many.code, generated()]).toEqual([2, []]);
});
