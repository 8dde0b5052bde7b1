import { CallEndedError } from '@gqr/chassis/errors';
import { unlimited } from '@gqr/chassis/grpc/call';
import { normalise } from '@gqr/chassis/text/normalise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DrawnLine, LanguageBackend, PolicyModel, PromptSession, WriteOrder } from '../src/domain/backend/language-backend.js';
import { type LineRule, obeys } from '../src/domain/grammar/line-rule.js';
import type { ResponseLine } from '../src/domain/grammar/response-grammar.js';
import { renderPrompt, type RenderedPrompt } from '../src/domain/prompt/render-prompt.js';
import { auxiliaryLine, queryLine } from '../src/domain/prompt/response-lines.js';
import type { Task } from '../src/domain/tasks/task.js';

/** Short lines, so that a real model is quick. */
export const contractTask: Task = {
  id: 'contract',
  description: 'Short lines.',
  instruction: 'Write {count} short search queries.',
  count: { default: 2, max: 4 },
  inputs: [{ name: 'query', label: 'Query', tokens: 32, items: 1 }],
  budget: { tokens: 32, shorten: ['query'] },
  auxiliaryTexts: [{ name: 'guide', label: 'Guide', maxCharacters: 16, mayBeEmpty: false }],
  query: { maxCharacters: 16, maxWords: 3, completes: false },
  policyOf: undefined,
  listReward: 'multi',
  decoding: { temperature: 1, topP: 1, minP: 0, repetitionPenalty: 1, diversity: 0 },
  promptVersion: 'contract',
};

/**
 * What a backend holds a line to by itself. One that samples under a regular expression counts no words, and no spaces among the
 * characters; the domain does, and has the line drawn again.
 */
export function asEnforced(rule: LineRule, { capabilities }: LanguageBackend): LineRule {
  const alone = { ...rule, excluded: new Set<string>() };
  return capabilities.enforcesExclusions ? alone : { ...alone, maxWords: Number.MAX_SAFE_INTEGER, maxCharacters: 2 * rule.maxCharacters };
}

/**
 * What every backend holds to, whatever runs the model. `open` gives one that is up; the suite closes it.
 * @param unavailable why it cannot be opened here; its tests are skipped then
 */
export function languageBackendContract(name: string, open: () => Promise<LanguageBackend>, unavailable?: string): void {
  describe(`${name}, as a language backend`, () => {
    let backend: LanguageBackend;
    let model: PolicyModel;
    let prompt: RenderedPrompt;
    const query: ResponseLine = queryLine(contractTask, 'rice', new Set(['rice']));
    const guide = contractTask.auxiliaryTexts.map(auxiliaryLine);
    const order: Omit<WriteOrder, 'lines'> = { given: [], decoding: contractTask.decoding, seed: 11n, ends: true };

    beforeEach(({ skip }) => {
      skip(unavailable !== undefined, unavailable);
    });
    beforeAll(async () => {
      if (unavailable !== undefined) return;
      backend = await open();
      const { baseModelSha256 } = backend;
      model = await backend.load({ taskId: 'contract', version: 'base', folder: undefined, baseModelSha256 });
      const inputs = { query: 'rice', response: '', history: [], cooccurrence: [], sideInformation: {} };
      prompt = renderPrompt(contractTask, inputs, 2, backend.tokenizer);
    });
    afterAll(async () => {
      if (unavailable === undefined) await backend.close();
    });

    async function withSession<T>(work: (session: PromptSession) => Promise<T>): Promise<T> {
      const session = await model.lend(prompt, unlimited);
      try {
        return await work(session);
      } finally {
        session.release();
        session.release(); // more than once does no harm
      }
    }
    async function all(lines: AsyncGenerator<DrawnLine, void>): Promise<DrawnLine[]> {
      const drawn: DrawnLine[] = [];
      for await (const line of lines) drawn.push(line);
      return drawn;
    }

    it('is ready, and names itself and its model', async () => {
      expect(await backend.health()).toEqual({ ready: true });
      expect(backend.name).not.toBe('');
      expect(await backend.listAdapters()).toEqual([]);
    });

    it('writes the lines of a response, each by its rule', async () => {
      const lines = [...guide, query, query];
      const drawn = await withSession((session) => all(session.write({ ...order, lines })));
      expect(drawn).toHaveLength(3);
      for (const [at, { text, tokens, logPropensity }] of drawn.entries()) {
        const rule = asEnforced(lines[at]?.rule ?? query.rule, backend);
        expect([text, obeys(text, rule)]).toEqual([text, true]);
        expect(tokens).toBeGreaterThan(0);
        if (!backend.capabilities.knowsPropensities) expect(logPropensity).toBeUndefined();
        else expect(logPropensity ?? -1).toBeLessThanOrEqual(1e-6);
      }
    });

    it('goes on behind the lines that it is given, and may be stopped at any line', async () => {
      await withSession(async (session) => {
        for await (const first of session.write({ ...order, lines: [...guide, query] })) {
          expect(first.text).not.toBe('');
          break;
        }
        const again = await all(session.write({ ...order, given: ['Guide: try these', 'rice bowl'], lines: [query] }));
        expect(again).toHaveLength(1);
      });
    });

    it('writes the same for the same seed', async () => {
      const write = (): Promise<DrawnLine[]> => withSession((session) => all(session.write({ ...order, lines: [query] })));
      expect((await write()).map(({ text }) => text)).toEqual((await write()).map(({ text }) => text));
    });

    it('keeps lines distinct, and from what is excluded, if it says so', async ({ skip }) => {
      skip(!backend.capabilities.enforcesExclusions, `${name} leaves that to the domain`);
      const greedy = { ...order, decoding: { ...order.decoding, temperature: 0 } };
      await withSession(async (session) => {
        const [likely] = await all(session.write({ ...greedy, lines: [query] }));
        const excluded = { ...query, rule: { ...query.rule, excluded: new Set([normalise(likely?.text ?? '')]) } };
        const [other] = await all(session.write({ ...greedy, lines: [excluded] }));
        expect(other?.text).not.toBe(likely?.text);
        const pair = await all(session.write({ ...greedy, lines: [query, query] }));
        expect(new Set(pair.map(({ text }) => normalise(text))).size).toBe(2);
      });
    });

    it('proposes candidates whose log-probabilities its scores confirm, if it scores', async ({ skip }) => {
      skip(!backend.capabilities.scores, `${name} does not score`);
      const at = { ...order, given: ['Guide: try these'], ends: false };
      const candidates = await withSession((session) => session.propose({ ...at, line: query, candidates: 2, search: { kind: 'sample' } }));
      expect(new Set(candidates.map(({ text }) => normalise(text))).size).toBe(candidates.length);
      const values = candidates.map(({ logProbability }) => logProbability);
      expect(values).toEqual([...values].sort((a, b) => b - a));
      for (const { text, logProbability } of candidates) {
        const scored = await withSession((session) => session.score(['Guide: try these', text, 'rice bowl']));
        expect(scored).toHaveLength(3);
        // Quantised models round by how many tokens they evaluate at once.
        expect(Math.abs((scored[1]?.logProbability ?? NaN) - logProbability)).toBeLessThan(0.3);
      }
    });

    it('searches by diverse beams, if it says so', async ({ skip }) => {
      skip(!backend.capabilities.diverseBeams, `${name} searches by sampling alone`);
      const search = { kind: 'diverse-beam', groups: 2, similarityPenalty: 3 } as const;
      const candidates = await withSession((session) => session.propose({ ...order, line: query, candidates: 2, search }));
      expect(new Set(candidates.map(({ text }) => normalise(text))).size).toBe(2);
    });

    it('stops when its caller leaves', async () => {
      const controller = new AbortController();
      const session = await model.lend(prompt, { signal: controller.signal, deadline: Infinity });
      const lines = session.write({ ...order, lines: [query, query] });
      await lines.next();
      controller.abort(new CallEndedError('cancelled'));
      await expect(lines.next()).rejects.toThrow(CallEndedError);
      session.release();
      // What it held is free again.
      expect(await withSession((other) => all(other.write({ ...order, lines: [query] })))).toHaveLength(1);
    });

    it('refuses a policy whose files are not there', async () => {
      const { baseModelSha256 } = backend;
      const load = backend.load({ taskId: 'contract', version: 'absent', folder: '/nowhere/at/all', baseModelSha256 });
      await expect(load).rejects.toThrow(/absent/);
    });
  });
}
