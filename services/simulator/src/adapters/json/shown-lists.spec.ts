import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readShownLists } from './shown-lists.js';

const LOG = [
  { userQuery: { query: 'rice' } },
  {
    impression: {
      impressionId: 'i1',
      taskId: 'suggestion',
      context: { query: 'rice', history: [{ query: 'soup' }] },
      queries: [{ text: 'how long does cooked rice last' }],
    },
  },
];

it.each([
  ['log.jsonl', (text: string) => text],
  ['log.jsonl.gz', gzipSync],
])('reads the lists of %s, as the log has them', (name, pack) => {
  const file = join(mkdtempSync(join(tmpdir(), 'gqr-lists-')), name);
  writeFileSync(file, pack(LOG.map((event) => `${JSON.stringify(event)}\n`).join('')));
  expect(readShownLists([file])).toMatchObject([
    { impressionId: 'i1', task: 'suggestion', query: 'rice', texts: ['how long does cooked rice last'], ignored: 1 },
  ]);
});

it('counts what a session passed over from its own impressions and clicks', () => {
  const moment = (minute: number) => `2026-11-20T10:0${minute}:00Z`;
  const query = (minute: number) => ({ userQuery: { query: 'rice', sessionId: 's', occurredAt: moment(minute) } });
  const list = (impressionId: string, minute: number, history: number) => ({
    impression: {
      impressionId,
      sessionId: 's',
      occurredAt: moment(minute),
      taskId: 'suggestion',
      context: { query: 'rice', history: Array.from({ length: history }, () => ({ query: 'soup' })) },
      queries: [{ text: 'beans' }],
    },
  });
  const click = { click: { impressionId: 'b', sessionId: 's', occurredAt: moment(2), position: 1 } };
  const log = [query(1), list('a', 1, 0), query(2), list('b', 2, 1), click, query(3), list('c', 3, 2), list('d', 3, 2)];
  const file = join(mkdtempSync(join(tmpdir(), 'gqr-lists-')), 'log.jsonl');
  writeFileSync(file, log.map((event) => JSON.stringify(event)).join('\n'));
  expect(readShownLists([file]).map(({ ignored }) => ignored)).toEqual([0, 1, 0, 1]);
});
