import { ramp } from './ramp.js';
import type { Expressible } from './scene.js';
import { type Sense, SenseTable, type TextSenses } from './text-senses.js';

/** What the likeness of a text to a need is made of: that to the nearest phrasing, that to what is said about the need, and a fit in words. */
const SHARES = { phrasing: 0.55, about: 0.45, words: 0.3 };
/** Likeness from which a text says something of a need, and at which it means it. */
const MEANT = { from: 0.3, to: 0.55 };
/** By how much it must be more like this need than like any other. */
const APART = { from: -0.12, to: 0.1 };

/** The needs of a scene by what they mean, for texts that express them in words that nobody in the world uses. */
export class SenseIndex {
  private readonly phrasings: SenseTable;
  /** First phrasing of each need, and one past the last of all. */
  private readonly starts: number[] = [0];
  private readonly abouts: SenseTable;

  constructor(senses: TextSenses, expressibles: readonly Expressible[]) {
    this.phrasings = new SenseTable(expressibles.flatMap(({ phrasings }) => phrasings.map((phrasing) => senses.read(phrasing))));
    for (const { phrasings } of expressibles) this.starts.push((this.starts.at(-1) ?? 0) + phrasings.length);
    this.abouts = new SenseTable(expressibles.map(({ about }) => senses.read(about.join(' '))));
  }

  /** How surely a text means each need, in [0, 1], given how well it expresses each in words. */
  match(sense: Sense, fits: readonly number[]): number[] {
    const alike = fits.map((fit, need) => {
      let nearest = -1;
      const end = this.starts[need + 1] ?? 0;
      for (let row = this.starts[need] ?? 0; row < end; row++) nearest = Math.max(nearest, this.phrasings.likeness(row, sense));
      return SHARES.phrasing * nearest + SHARES.about * this.abouts.likeness(need, sense) + SHARES.words * fit;
    });
    return alike.map((each, at) => {
      let other = -1;
      for (const [where, another] of alike.entries()) if (where !== at && another > other) other = another;
      return ramp(each, MEANT) * ramp(each - other, APART);
    });
  }
}
