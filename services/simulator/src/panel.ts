import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { toJsonString } from '@bufbuild/protobuf';
import { EventSchema } from '@gqr/protos/gqr/events/v1/events';
import { z } from 'zod';
import { panelEvents, panelSources } from './adapters/events/panel-events.js';
import { readLogFile } from './adapters/files/read-log-file.js';
import { randomFor } from './domain/random/random.js';
import { drawPanel } from './domain/truth/panel.js';

// Writes a panel: situations of a log, each with several candidates for the first place of its list, one impression a candidate. What is made of
// it is the log's alone; `ground-truth --each` gives their true click probabilities, and `npx gqr evaluate ctr --panel` compares.
//   node dist/src/panel.js --out PANEL.jsonl --from 2026-11-20 [--situations 400] [--candidates 10] [--own 6] [--seed 1] LOG.jsonl ...
const count = z.coerce.number<string>().int().min(2).max(10_000);
const optionsSchema = z.object({
  out: z.string('is required: the file to write'),
  from: z.iso.date('is required: the first day (UTC) whose lists make situations, such as 2026-11-20'),
  situations: count.default(400),
  candidates: count.default(10),
  own: count.default(6),
  seed: z.string().regex(/^\d+$/, 'must be a whole number').default('1'),
});
const names = Object.keys(optionsSchema.shape);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
});
const options = optionsSchema.safeParse(values);
if (!options.success || positionals.length === 0) {
  for (const { path, message } of options.error?.issues ?? []) console.error(`--${path.join('.')}: ${message}`);
  if (positionals.length === 0) console.error('name the event files after the options');
  process.exit(1);
}
const { out, from, seed, ...shape } = options.data;
const lines = positionals.flatMap((file) => readLogFile(file).toString().split('\n'));
const situations = drawPanel(panelSources(lines), { from: Date.parse(from), ...shape }, randomFor(BigInt(seed), 'panel', 0));
const events = panelEvents(situations);
writeFileSync(out, events.map((event) => `${toJsonString(EventSchema, event)}\n`).join(''));
console.log(JSON.stringify({ situations: situations.length, impressions: events.length, out }));
