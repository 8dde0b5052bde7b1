/** How far a shadow agrees with the model that serves, on the same inputs. */
export interface AgreementFigures {
  readonly inputs: number;
  /** Mean of |p - p'|; 0 if there are no inputs. */
  readonly meanAbsoluteDifference: number;
  /** Mean of p' - p, where p' is the shadow's; 0 if there are no inputs. */
  readonly meanDifference: number;
  /** Pairs of inputs for the same prompt that both models tell apart. */
  readonly pairs: number;
  /** Share of the pairs that both put into the same order; 0 if there are none. */
  readonly pairwiseAgreement: number;
}

/** Inputs of a prompt that are paired. Pairs grow with the square, and a beam step may have a thousand candidates. */
const PAIRED = 50;

/** Prompts whose inputs are kept, to be paired with those that come later. */
const PROMPTS = 1_000;

/** What both models said of one input. */
type Said = readonly [serving: number, shadow: number];

/**
 * Adds up how far two models agree. Pairs are of inputs for the same prompt, since only those are ever compared with one another; a
 * prompt's inputs come in one call or, where a list is scored while it is still being written, in several.
 */
export class Agreement {
  /** By prompt, the one that was scored last at the end. */
  private readonly prompts = new Map<string, Said[]>();
  private inputs = 0;
  private absoluteDifference = 0;
  private difference = 0;
  private pairs = 0;
  private sameOrder = 0;

  get figures(): AgreementFigures {
    return {
      inputs: this.inputs,
      meanAbsoluteDifference: this.inputs === 0 ? 0 : this.absoluteDifference / this.inputs,
      meanDifference: this.inputs === 0 ? 0 : this.difference / this.inputs,
      pairs: this.pairs,
      pairwiseAgreement: this.pairs === 0 ? 0 : this.sameOrder / this.pairs,
    };
  }

  /** Adds the probabilities of one list, or of the candidates for one place, for `prompt`; both arrays are equally long. */
  add(prompt: string, serving: readonly number[], shadow: readonly number[]): void {
    const earlier = this.earlier(prompt);
    serving.forEach((p, i) => {
      const said: Said = [p, shadow[i] ?? NaN];
      const difference = said[1] - p;
      this.inputs++;
      this.difference += difference;
      this.absoluteDifference += Math.abs(difference);
      if (earlier.length === PAIRED) return;
      for (const other of earlier) this.pair(said, other);
      earlier.push(said);
    });
  }

  /** What was said of the prompt's inputs before; to be added to. */
  private earlier(prompt: string): Said[] {
    const earlier = this.prompts.get(prompt) ?? [];
    this.prompts.delete(prompt);
    this.prompts.set(prompt, earlier);
    const [oldest] = this.prompts.keys();
    if (this.prompts.size > PROMPTS && oldest !== undefined) this.prompts.delete(oldest);
    return earlier;
  }

  private pair(said: Said, other: Said): void {
    const product = (said[0] - other[0]) * (said[1] - other[1]);
    if (product === 0) return;
    this.pairs++;
    if (product > 0) this.sameOrder++;
  }
}
