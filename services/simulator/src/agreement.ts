import { readLabelledTexts } from './adapters/json/labelled-texts.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { agreement, halfOf, LABELS, verdict } from './domain/relevance/agreement.js';
import { RelevanceJudge } from './domain/relevance/relevance-judge.js';

// How well the judge of relevance agrees with people: node dist/src/agreement.js [WORLD_DIR] [--errors].
// Reads WORLD_DIR/judgements.jsonl. The judge is tuned on one half and reported on the other; --errors lists mistakes on the first.
const args = process.argv.slice(2);
const worldDir = args.find((arg) => !arg.startsWith('--')) ?? 'world';
const world = readWorld(worldDir);
const judge = new RelevanceJudge(world);
const judged = readLabelledTexts(worldDir).map((text) => ({ ...text, half: halfOf(text), verdict: verdict(world, judge, text) }));
for (const half of ['tuning', 'reporting'] as const) {
  const texts = judged.filter((text) => text.half === half);
  const { pairs, accuracy, kappa, confusion } = agreement(texts);
  console.log(`${half} half: ${pairs} pairs, accuracy ${accuracy.toFixed(3)}, Cohen's kappa ${kappa.toFixed(3)}`);
  console.log(`  ${'label \\ verdict'.padEnd(16)}${LABELS.map((label) => label.padStart(12)).join('')}`);
  for (const [row, counts] of confusion.entries()) {
    console.log(`  ${(LABELS[row] ?? '').padEnd(16)}${counts.map((count) => String(count).padStart(12)).join('')}`);
  }
  for (const kind of new Set(texts.map((text) => text.kind))) {
    const of = texts.filter((text) => text.kind === kind);
    console.log(`  ${kind.padEnd(16)}${(of.filter((text) => text.label === text.verdict).length / of.length).toFixed(3).padStart(12)}`);
  }
}
if (args.includes('--errors')) {
  for (const { half, scene, need, text, label, verdict: said } of judged) {
    if (half === 'tuning' && label !== said) console.log(`${label} -> ${said}\t${scene}\t${need}\t${text}`);
  }
}
