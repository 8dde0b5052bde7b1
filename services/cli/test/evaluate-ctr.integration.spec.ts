import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { learnerPython, NO_LEARNER } from '@gqr/chassis/testing/learner-python';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Finished, runCli } from './run-cli.js';

const PATIENCE_MS = 600_000;
const OPTIONS = [1, 2, 3, 4, 5];
const HEAD = [
  'query',
  'question',
  ...OPTIONS.map((at) => `option_${String(at)}`),
  'impression_level',
  'engagement_level',
  ...OPTIONS.map((at) => `option_cctr_${String(at)}`),
];
/** As small as a network can be. */
const TINY = ['layers=1', 'hidden=8', 'intermediate=16', 'embedding=8', 'vocabulary=300', 'epochs=1', 'threads=1', 'wordVectors=none'];
const SET = TINY.flatMap((setting) => ['--set', setting]);

/** Panes for some queries: every third was never clicked, the others mostly on their first option. */
function panes(first: number, count: number): string {
  const rows = Array.from({ length: count }, (_, at) => {
    const level = (first + at) % 3 === 0 ? 0 : 1 + ((first + at) % 10);
    const shares = level === 0 ? [0, 0, 0, 0, 0] : [0.75, 0.25, 0, 0, 0];
    return [`query ${String(first + at)}`, '?', 'first way', `way ${String(at)}`, '', '', '', 'high', level, ...shares].join('\t');
  });
  return `${[HEAD.join('\t'), ...rows].join('\n')}\n`;
}

/** Two candidates for a place, and how often each is clicked. */
const CANDIDATES: readonly [string, number][] = [
  ['first way', 0.2],
  ['another', 0.1],
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gqr-cli-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function written(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const evaluate = (...args: string[]): Promise<Finished> => runCli(['evaluate', ...args, '--json'], { GQR_DATA: folder });

describe('evaluate ctr and evaluate table2', () => {
  if (learnerPython === undefined) {
    it('judge click predictors', (test) => {
      test.skip(NO_LEARNER);
    });
    return;
  }

  it(
    'ctr judges a predictor on panes with click rates, and reports with plots',
    async () => {
      const out = join(folder, 'out');
      const files = ['--train', written('train.tsv', panes(0, 40)), '--test', written('test.tsv', panes(40, 20))];
      const lines = (each: (candidate: [string, number], at: number) => object) =>
        CANDIDATES.map(([text, truth], at) => `${JSON.stringify(each([text, truth], at))}\n`).join('');
      const panel = lines(([text], at) => ({
        impression: {
          impressionId: `panel-0-${String(at)}`,
          occurredAt: '2026-11-20T10:00:00Z',
          taskId: 'clarification',
          context: { query: 'query 1' },
          queries: [{ text, position: 1 }],
        },
      }));
      const panelTruth = lines(([, truth], at) => ({ impressionId: `panel-0-${String(at)}`, clickProbabilities: [truth] }));
      files.push('--panel', written('panel.jsonl', panel), '--panel-truth', written('panel-truth.jsonl', panelTruth));
      const { code, json } = await evaluate('ctr', ...files, '--format', 'mimics', '--variant', 'pid', ...SET, '--out', out);
      expect(code).toBe(0);
      expect(json()).toMatchObject({
        out,
        data: { test: { lists: 200 } },
        model: {
          panel: { situations: 1, goal: 0.8 },
          clusters: 'prompts',
          aucInterval: null,
          missing: { aucInterval: expect.stringContaining('views') as string },
        },
        baselines: { mean: { auc: 0.5 } },
      });
      const report = readFileSync(join(out, 'report.md'), 'utf8');
      expect(report).toContain('| clarification | position |');
      expect(report).toContain('format mimics, backbone bert, variant pid, seeds 1, layers 1');
      expect(report).toContain('Rank correlation with the true click probability: ');
      expect(report).toMatch(/on the panel: -?[01]\.000 among candidates of one situation \(95% .*; goal 0\.8; 1 situations\)/);
      for (const picture of ['reliability.svg', 'slices.svg'])
        expect(readFileSync(join(out, picture), 'utf8')).toMatch(/^<svg[^]*<\/svg>\n$/);
      expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))).toMatchObject({ command: 'evaluate-ctr', config: { hidden: 8 } });
    },
    PATIENCE_MS,
  );

  it(
    'table2 puts the paper beside, and writes the report of results that were computed elsewhere',
    async () => {
      const work = join(folder, 'work');
      const log = written('log.jsonl', events());
      const chosen = ['--backbone', 'bert', '--variant', 'base', '--seeds', '1', ...SET];
      const { code, json } = await evaluate('table2', '--log', log, ...chosen, '--work', work, '--out', join(folder, 'first'));
      expect(code).toBe(0);
      expect(json()).toMatchObject({ cellsDone: 1, cells: 1 });
      const again = await evaluate('table2', '--results', join(work, 'results.json'), '--out', join(folder, 'second'));
      expect(again.code).toBe(0);
      for (const name of ['table2.json', 'table2.md', 'table2-auc.svg'])
        expect(readFileSync(join(folder, 'second', name), 'utf8')).toBe(readFileSync(join(folder, 'first', name), 'utf8'));
      expect(readFileSync(join(folder, 'first', 'table2.md'), 'utf8')).toMatch(/\| hint \| bert \| 0\.\d{4} \| 0\.7141 \|/);
    },
    PATIENCE_MS,
  );

  it(
    'names the line of a file that cannot be used',
    async () => {
      const bad = written('bad.tsv', panes(0, 3).replace('\t0.75\t', '\t7\t'));
      const { code, json } = await evaluate('ctr', '--train', bad, '--test', bad, '--format', 'mimics');
      expect(code).toBe(1);
      expect(json()).toMatchObject({
        error: { message: expect.stringMatching(/bad\.tsv:3: option_cctr_1 is '7'/) as string, remedy: 'correct or remove these lines' },
      });
    },
    PATIENCE_MS,
  );
});

it('takes no results that are none', async () => {
  const { code, json } = await evaluate('table2', '--results', written('results.json', '{}'));
  expect([code, json()]).toMatchObject([2, { error: { message: expect.stringContaining('holds no results of Table 2') as string } }]);
});

/** Hints over ten days, of which every third was clicked. */
function events(): string {
  return Array.from({ length: 100 }, (_, at) => {
    const impressionId = `i${String(at)}`;
    const occurredAt = new Date(Date.UTC(2026, 10, 1, Math.floor(at * 2.4))).toISOString();
    const context = { query: `query ${String(at % 9)}` };
    const shown = { impressionId, occurredAt, taskId: 'hint', context, queries: [{ text: `next ${String(at % 6)}`, position: 1 }] };
    const lines = [{ impression: shown }, ...(at % 3 === 0 ? [{ click: { impressionId, position: 1, occurredAt } }] : [])];
    return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  }).join('');
}
