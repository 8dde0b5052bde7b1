import { readLabelledTexts } from './adapters/json/labelled-texts.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { agreement, halfOf, LABELS, verdict } from './domain/relevance/agreement.js';
import { RelevanceJudge } from './domain/relevance/relevance-judge.js';

// How well the judge of relevance agrees with people: node dist/src/agreement.js [WORLD_DIR] [--errors].
// Reads WORLD_DIR/judgements.jsonl, of which the judge is tuned on one half and reported on the other, and WORLD_DIR/held-back.jsonl, on
// which nothing is tuned; --errors lists mistakes on the first half.
const args = process.argv.slice(2);
const worldDir = args.find((arg) => !arg.startsWith('--')) ?? 'world';
const world = readWorld(worldDir);
const judge = new RelevanceJudge(world);
const labelled = [
  ...readLabelledTexts(worldDir).map((text) => ({ ...text, part: `${halfOf(text)} half` })),
  ...readLabelledTexts(worldDir, 'held-back.jsonl').map((text) => ({ ...text, part: 'held back' })),
];
const judged = labelled.map((text) => ({ ...text, verdict: verdict(world, judge, text) }));
for (const part of new Set(judged.map((text) => text.part))) {
  const texts = judged.filter((text) => text.part === part);
  const { pairs, accuracy, kappa, confusion } = agreement(texts);
  console.log(`${part}: ${pairs} pairs, accuracy ${accuracy.toFixed(3)}, Cohen's kappa ${kappa.toFixed(3)}`);
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
  for (const { part, scene, need, text, label, verdict: said } of judged) {
    if (part === 'tuning half' && label !== said) console.log(`${label} -> ${said}\t${scene}\t${need}\t${text}`);
  }
}
