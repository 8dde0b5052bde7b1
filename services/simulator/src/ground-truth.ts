import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readShownLists } from './adapters/json/shown-lists.js';
import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { RelevanceJudge } from './domain/relevance/relevance-judge.js';
import { GroundTruth } from './domain/truth/ground-truth.js';
import { groundTruthReport, impressionTruths } from './domain/truth/ground-truth-report.js';

// Exact expected click rates of any policy's lists: node dist/src/ground-truth.js --out REPORT.json [--each TRUTH.jsonl] [--world DIR] LISTS.jsonl ...
// `--each` writes the click probabilities of each logged list, which `npx gqr evaluate ctr --truth` reads.
// The report and TRUTH.jsonl are the only ways by which hidden state leaves the simulator. It is for evaluation: nothing that learns may read it.
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, each: { type: 'string' }, world: { type: 'string', default: 'world' } },
});
if (values.out === undefined || positionals.length === 0) {
  console.error('usage: node dist/src/ground-truth.js --out REPORT.json [--each TRUTH.jsonl] [--world DIR] LISTS.jsonl ...');
  process.exit(1);
}
const world = readWorld(values.world);
const truth = new GroundTruth(world, new RelevanceJudge(world), readBehaviour(values.world));
const lists = readShownLists(positionals);
const report = groundTruthReport(truth, lists);
writeFileSync(values.out, `${JSON.stringify(report, undefined, 2)}\n`);
if (values.each !== undefined) {
  writeFileSync(
    values.each,
    impressionTruths(truth, lists)
      .map((each) => `${JSON.stringify(each)}\n`)
      .join(''),
  );
}
console.log(JSON.stringify(report.policies));
