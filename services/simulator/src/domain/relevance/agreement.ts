import type { World } from '../world/world.js';
import type { RelevanceJudge } from './relevance-judge.js';

/** What a person says of a shown text, given a need: expresses it; is about the matter but not this need; is about something else. */
export const LABELS = ['relevant', 'topical', 'irrelevant'] as const;
export type Label = (typeof LABELS)[number];

/** A text that a person has labelled. */
export interface LabelledText {
  /** Topic id, or "topic/request" of a writing topic. */
  readonly scene: string;
  /** Intent or facet that the user has in mind. */
  readonly need: string;
  readonly text: string;
  readonly label: Label;
  /** How it was made: paraphrase, other-words, misspelling, near-miss, beyond-needs, other-topic. */
  readonly kind: string;
}

/** From which fit a text counts as relevant, and from which topicality as topical. */
const RELEVANT = 0.5;
const TOPICAL = 0.4;

/** There is no such scene or need in the world. */
export class UnknownNeedError extends Error {
  override readonly name = 'UnknownNeedError';
  constructor({ scene, need, text }: LabelledText) {
    super(`the world has no need ${need} in ${scene}, by which "${text}" is labelled`);
  }
}

/** What the judge says of a text, in the words of the labels. @throws UnknownNeedError */
export function verdict(world: World, judge: RelevanceJudge, labelled: LabelledText): Label {
  const [topicId = '', requestId] = labelled.scene.split('/');
  const topic = world.topic(topicId);
  const request = topic?.kind === 'writing' ? topic.requests.find(({ id }) => id === requestId) : undefined;
  const needs = topic?.kind === 'search' ? topic.intents : (request?.facets ?? []);
  const at = needs.findIndex(({ id }) => id === labelled.need);
  if (at < 0) throw new UnknownNeedError(labelled);
  const judgement = topic?.kind === 'search' ? judge.intents(topic, labelled.text) : request && judge.facets(request, labelled.text);
  if ((judgement?.fits[at] ?? 0) >= RELEVANT) return 'relevant';
  return (judgement?.topical ?? 0) >= TOPICAL ? 'topical' : 'irrelevant';
}

/** How often the judge and people agree. */
export interface Agreement {
  readonly pairs: number;
  readonly accuracy: number;
  /** Cohen's kappa: agreement beyond what chance would give, 1 at most. */
  readonly kappa: number;
  /** Pairs by label (rows) and verdict (columns), in the order of `LABELS`. */
  readonly confusion: readonly (readonly number[])[];
}

export function agreement(verdicts: readonly { readonly label: Label; readonly verdict: Label }[]): Agreement {
  const count = (label: Label, verdict?: Label): number =>
    verdicts.filter((each) => each.label === label && (verdict === undefined || each.verdict === verdict)).length;
  const confusion = LABELS.map((label) => LABELS.map((verdict) => count(label, verdict)));
  const pairs = verdicts.length;
  const agreed = LABELS.reduce((sum, label) => sum + count(label, label), 0) / pairs;
  const chance = LABELS.reduce(
    (sum, label) => sum + (count(label) / pairs) * (verdicts.filter(({ verdict }) => verdict === label).length / pairs),
    0,
  );
  return { pairs, accuracy: agreed, kappa: (agreed - chance) / (1 - chance), confusion };
}

/** The halves of the labelled texts: the judge is tuned on one and reported on the other. */
export function halfOf({ text }: LabelledText): 'tuning' | 'reporting' {
  let parity = 0;
  for (const byte of Buffer.from(text)) parity = (parity * 31 + byte) % 65_521;
  return parity % 2 === 0 ? 'tuning' : 'reporting';
}
