import { describe, expect, it } from 'vitest';
import { readLabelledTexts } from '../src/adapters/json/labelled-texts.js';
import { readWorld } from '../src/adapters/yaml/topic-files.js';
import { agreement, halfOf, LABELS, verdict } from '../src/domain/relevance/agreement.js';
import { RelevanceJudge } from '../src/domain/relevance/relevance-judge.js';
import { WORLD_DIR } from './shipped-world.js';

describe('agreement', () => {
  it('is accuracy and Cohen’s kappa, with the confusion by label and verdict', () => {
    const of = (label: (typeof LABELS)[number], verdict: (typeof LABELS)[number], times: number) =>
      Array.from({ length: times }, () => ({ label, verdict }));
    // 20 + 15 of 50 agree; by chance 25/50 * 30/50 + 25/50 * 20/50 = 0.5 (the textbook example of Cohen's kappa: 0.4).
    const found = agreement([
      ...of('relevant', 'relevant', 20),
      ...of('relevant', 'topical', 5),
      ...of('topical', 'relevant', 10),
      ...of('topical', 'topical', 15),
    ]);
    expect(found).toMatchObject({ pairs: 50, accuracy: 0.7 });
    expect(found.kappa).toBeCloseTo(0.4);
    expect(found.confusion).toEqual([
      [20, 5, 0],
      [10, 15, 0],
      [0, 0, 0],
    ]);
  });
});

describe('relevance as judged and as people judge it', () => {
  const world = readWorld(WORLD_DIR);
  const judge = new RelevanceJudge(world);
  const labelled = readLabelledTexts(WORLD_DIR);
  const judged = labelled.map((text) => ({ ...text, verdict: verdict(world, judge, text) }));

  it('is measured on at least 500 different labelled texts over many scenes, with every label and kind among them', () => {
    expect(new Set(labelled.map(({ scene, need, text }) => `${scene}\n${need}\n${text}`)).size).toBe(labelled.length);
    expect(labelled.length).toBeGreaterThanOrEqual(500);
    expect(new Set(labelled.map(({ scene }) => scene)).size).toBeGreaterThanOrEqual(40);
    expect(new Set(labelled.map(({ label }) => label)).size).toBe(LABELS.length);
    for (const kind of ['paraphrase', 'other-words', 'misspelling', 'near-miss', 'beyond-needs', 'other-topic']) {
      expect(labelled.filter((text) => text.kind === kind).length).toBeGreaterThanOrEqual(15);
    }
  });

  it('agrees well on the half that it was not tuned on', () => {
    const { accuracy, kappa } = agreement(judged.filter((text) => halfOf(text) === 'reporting'));
    expect(accuracy).toBeGreaterThan(0.84);
    expect(kappa).toBeGreaterThan(0.72);
  });

  it('agrees with texts on which nothing was tuned, in words unlike those of the world', () => {
    const held = readLabelledTexts(WORLD_DIR, 'held-back.jsonl').map((text) => ({ ...text, verdict: verdict(world, judge, text) }));
    expect(held.length).toBeGreaterThanOrEqual(120);
    expect(agreement(held).accuracy).toBeGreaterThan(0.65);
    const relevance = held.map((text) => (text.label === 'relevant') === (text.verdict === 'relevant'));
    expect(relevance.filter((agreed) => agreed).length / held.length).toBeGreaterThan(0.75);
  });

  it('hardly ever takes a text that misses the need for one that meets it, nor a plain paraphrase for another matter', () => {
    const share = (of: typeof judged, verdict: string): number => of.filter((text) => text.verdict === verdict).length / of.length;
    const missing = judged.filter(({ label }) => label !== 'relevant');
    const paraphrases = judged.filter(({ kind }) => kind === 'paraphrase');
    expect(share(missing, 'relevant')).toBeLessThan(0.08);
    expect(share(paraphrases, 'relevant')).toBeGreaterThan(0.93);
  });
});
