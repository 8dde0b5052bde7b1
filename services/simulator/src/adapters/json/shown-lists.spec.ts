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
