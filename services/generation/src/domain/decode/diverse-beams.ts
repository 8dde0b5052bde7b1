import { normalise } from '@gqr/chassis/text/normalise';
import type { LineRule } from '../grammar/line-rule.js';
import { outcomesBehind } from './draw.js';
import { givenTokens, MAX_LINE_TOKENS } from './line-drawer.js';
import type { Tape } from './tape.js';
import type { Shape, Vocabulary } from './token-model.js';

/** What is looked for. */
export interface BeamOrder {
  readonly tape: Tape;
  readonly vocabulary: Vocabulary;
  /** Tokens behind which the lines stand. */
  readonly prefix: readonly number[];
  readonly rule: LineRule;
  readonly candidates: number;
  readonly groups: number;
  readonly similarityPenalty: number;
}

interface Beam {
  /** Behind those that are given. */
  readonly tokens: readonly number[];
  /** Log-probability under the model and the grammar, similarity penalties taken off. */
  readonly score: number;
}

/** Tokens that are looked at behind each beam. */
const SHAPE: Shape = { temperature: 1, topP: 1, minP: 0, topK: 64, punished: [], repetitionPenalty: 1, presencePenalty: 0 };
/** A line's score is divided by this power of its length, or beams would prefer to stop early (Wu et al. 2016). */
const LENGTH_EXPONENT = 0.6;

/**
 * Diverse beam search for one line (paper appendix C; Vijayakumar et al. 2018): every group searches with beams of its own, and is
 * charged `similarityPenalty` for each token that the lines of an earlier group hold, once for every such group. Lines are distinct.
 * Fewer than asked for if the rule leaves no more.
 */
export async function diverseBeams(order: BeamOrder): Promise<{ text: string; tokens: number }[]> {
  const lines: { text: string; tokens: number }[] = [];
  const known = new Set(order.rule.excluded);
  const groupsWithToken = new Map<number, number>();
  const given = givenTokens(order.rule, order.vocabulary);
  const groups = Math.min(order.groups, order.candidates);
  for (let group = 0; group < groups; group++) {
    const width = Math.floor((order.candidates + group) / groups);
    const found = await searchGroup(order, given, { ...order.rule, excluded: known }, width, groupsWithToken);
    for (const { tokens } of found) {
      const text = order.vocabulary.decode([...given, ...tokens]).trim();
      if (known.has(normalise(text))) continue; // the same text in other tokens
      known.add(normalise(text));
      lines.push({ text, tokens: tokens.length });
    }
    for (const token of new Set(found.flatMap(({ tokens }) => tokens))) groupsWithToken.set(token, (groupsWithToken.get(token) ?? 0) + 1);
  }
  return lines;
}

async function searchGroup(
  order: BeamOrder,
  given: readonly number[],
  rule: LineRule,
  width: number,
  groupsWithToken: ReadonlyMap<number, number>,
): Promise<Beam[]> {
  let active: Beam[] = [{ tokens: [], score: 0 }];
  let finished: Beam[] = [];
  for (let length = 0; length < MAX_LINE_TOKENS && active.length > 0; length++) {
    const grown: Beam[] = [];
    for (const beam of active) {
      const distribution = await order.tape.behind([...order.prefix, ...given, ...beam.tokens], SHAPE);
      for (const { token, probability } of outcomesBehind([...given, ...beam.tokens], distribution, order.vocabulary, rule, new Set())) {
        const score = beam.score + Math.log(probability);
        if (token === undefined) finished.push({ tokens: beam.tokens, score });
        else grown.push({ tokens: [...beam.tokens, token], score: score - order.similarityPenalty * (groupsWithToken.get(token) ?? 0) });
      }
    }
    finished = best(finished, width, normalised);
    active = best(grown, width, ({ score }) => score);
    const worst = finished.length < width ? undefined : finished.at(-1);
    // Lines only become less probable as they grow; a beam that is behind now rarely overtakes.
    if (worst !== undefined && active.every((beam) => normalised(beam) <= normalised(worst))) break;
  }
  return finished;
}

function normalised({ tokens, score }: Beam): number {
  return score / (tokens.length + 1) ** LENGTH_EXPONENT;
}

function best(beams: readonly Beam[], width: number, valueOf: (beam: Beam) => number): Beam[] {
  return [...beams].sort((a, b) => valueOf(b) - valueOf(a)).slice(0, width);
}
