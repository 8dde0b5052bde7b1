import { unlimited } from '@gqr/chassis/grpc/call';
import { normalise } from '@gqr/chassis/text/normalise';
import { describe, expect, it } from 'vitest';
import { TaskFiles } from '../src/adapters/yaml/task-files.js';
import { seededRandom } from '../src/domain/decode/seeded-random.js';
import { TokenPolicy } from '../src/domain/decode/token-policy.js';
import { ListWriter, type ListPiece } from '../src/domain/generate/write-list.js';
import type { PromptInputs } from '../src/domain/prompt/budget.js';
import { putExamplesBefore, renderPrompt } from '../src/domain/prompt/render-prompt.js';
import { ListCritic } from '../src/domain/quality/list-critic.js';
import type { Task } from '../src/domain/tasks/task.js';
import { FakeTokenModel, FakeVocabulary } from '../src/domain/testing/fake-token-model.js';
import { injections } from './injection-corpus.js';

/** Controls but for line breaks, and what no reader sees. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]/u;

const tasks = new TaskFiles(new URL('../../tasks/', import.meta.url).pathname).list();
const vocabulary = new FakeVocabulary();

const everywhere = (text: string): PromptInputs => ({
  query: text,
  response: text,
  history: [text, 'rice', text],
  cooccurrence: [text, 'rice', text],
  sideInformation: {},
});

describe.each(tasks.map((task) => [task.id, task] as const))('a prompt of %s', (_, task) => {
  const headings = ['Instructions', 'Inputs', 'Response', ...task.inputs.map(({ label }) => label)];
  const markers = (text: string): number => text.split(/<\|im_(?:start|end)\|>/).length;
  const plain = renderPrompt(task, everywhere('rice'), task.count.default, vocabulary);

  it.each(injections)('keeps its lines and markers, and its budget: $name', ({ text }) => {
    const { text: prompt, sections } = renderPrompt(task, everywhere(text), task.count.default, vocabulary);
    expect(markers(prompt)).toBe(markers(plain.text));
    const found = prompt
      .split('\n')
      .flatMap((line) => headings.filter((heading) => line === `${heading}:` || line.startsWith(`${heading}: `)));
    // Every heading at most once, and in the order of the template; inputs that hold nothing visible are left out.
    const order = plain.text
      .split('\n')
      .flatMap((line) => headings.filter((heading) => line === `${heading}:` || line.startsWith(`${heading}: `)));
    expect(found).toEqual(order.filter((heading) => found.includes(heading)));
    expect(prompt.split('\n').length).toBeLessThanOrEqual(plain.text.split('\n').length);
    expect(sections.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(task.budget.tokens);
    for (const { section, text: line } of sections.filter(
      (each) => each.section.name === 'history' || each.section.name === 'cooccurrence',
    ))
      expect(line.split(' | ').length).toBeLessThanOrEqual(section.items);
    expect(prompt).not.toMatch(UNSEEN);
  });

  it.each(injections)('keeps the lines and markers of a worked example too: $name', ({ text }) => {
    // Examples whose queries are headings are refused at the edge: adapters/grpc/parse-request.spec.ts.
    const shown = (inputs: string, list: string): string => {
      const auxiliaryTexts = Object.fromEntries(task.auxiliaryTexts.map(({ name }) => [name, list]));
      const example = { inputs: everywhere(inputs), auxiliaryTexts, queries: [`a ${list}`, `b ${list}`] };
      const { text: whole, examples } = putExamplesBefore(plain, [example], task, 1_000_000, vocabulary);
      expect(examples).toBe(1);
      return whole;
    };
    const [attacked, harmless] = [shown('rice', text), shown('rice', 'rice')];
    const heads = [...headings, ...task.auxiliaryTexts.map(({ label }) => label)];
    const kindOf = (line: string): string =>
      heads.find((head) => line.startsWith(`${head}:`)) ?? (/^[ab](?: |<|$)/.test(line) ? 'a query' : line);
    const kinds = (whole: string): string[] => whole.split('\n').map(kindOf);
    expect(kinds(attacked)).toEqual(kinds(harmless));
    expect(markers(attacked)).toBe(markers(harmless));
    const everywhereAttacked = shown(text, text);
    expect(markers(everywhereAttacked)).toBe(markers(harmless));
    expect(everywhereAttacked.split('\n').length).toBeLessThanOrEqual(harmless.split('\n').length);
    expect(everywhereAttacked).not.toMatch(UNSEEN);
  });
});

/** A model that obeys whoever wants to break the list: it writes separators, markers, ends, controls and what it just read. */
const hostile = (text: string): Record<string, number> => ({
  '\n': 0.2,
  '': 0.2,
  '|': 0.1,
  '\u202e': 0.05,
  '\u200b': 0.05,
  '\u0007': 0.05,
  '-': 0.05,
  ' ': 0.1,
  r: 0.1,
  [text.length % 7 === 0 ? 'x' : 'i']: 0.1,
});

async function write(task: Task, userQuery: string, seed: bigint): Promise<ListPiece[]> {
  const inputs = everywhere(userQuery);
  const prompt = renderPrompt(task, inputs, task.count.default, vocabulary);
  const session = await new TokenPolicy(new FakeTokenModel(hostile)).lend(prompt, unlimited);
  const critic = new ListCritic({ nearDuplicates: true, language: true, safety: undefined });
  const excluded = new Set([userQuery, 'rice'].map(normalise));
  const faultOf = critic.for(task, inputs, []);
  const writer = new ListWriter(
    {
      task,
      count: task.count.default,
      userQuery,
      excluded,
      decoding: { ...task.decoding, temperature: 1.2 },
      random: seededRandom(seed),
      faultOf,
    },
    session,
  );
  const pieces: ListPiece[] = [];
  for await (const piece of writer.write()) pieces.push(piece);
  return pieces;
}

it.each(tasks.filter(({ query }) => !query.completes).map((task) => [task.id, task] as const))(
  'a list of %s has its structure whatever a hostile model would write',
  async (_, task) => {
    for (const [at, { text }] of injections.entries()) {
      const pieces = await write(task, text.slice(0, 2_000), BigInt(at));
      expect(pieces.flatMap((piece) => (piece.kind === 'auxiliary' ? [piece.name] : []))).toEqual(
        task.auxiliaryTexts.map(({ name }) => name),
      );
      const queries = pieces.flatMap((piece) => (piece.kind === 'query' ? [piece.text] : []));
      expect(new Set(queries.map(normalise)).size).toBe(task.count.default);
      for (const query of queries) {
        expect(query).toMatch(/^[\p{L}\p{N}][^|\n]*$/u);
        expect(query).not.toMatch(UNSEEN);
      }
    }
  },
);
