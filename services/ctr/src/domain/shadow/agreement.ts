/** How far a shadow agrees with the model that serves, on the same inputs. */
export interface AgreementFigures {
  readonly inputs: number;
  /** Mean of |p - p'|; 0 if there are no inputs. */
  readonly meanAbsoluteDifference: number;
  /** Mean of p' - p, where p' is the shadow's; 0 if there are no inputs. */
  readonly meanDifference: number;
  /** Pairs within a group that both models tell apart. */
  readonly pairs: number;
  /** Share of the pairs that both put into the same order; 0 if there are none. */
  readonly pairwiseAgreement: number;
}

/** Inputs of a group that are paired. Pairs grow with the square, and a beam step may have a thousand candidates. */
const PAIRED = 50;

/** Adds up how far two models agree. */
export class Agreement {
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

  /** Adds the probabilities of one list, or of the candidates for one place; both arrays are equally long. */
  add(serving: readonly number[], shadow: readonly number[]): void {
    serving.forEach((p, i) => {
      const difference = (shadow[i] ?? NaN) - p;
      this.difference += difference;
      this.absoluteDifference += Math.abs(difference);
    });
    this.inputs += serving.length;
    for (let i = 1; i < Math.min(serving.length, PAIRED); i++) for (let j = 0; j < i; j++) this.pair(serving, shadow, i, j);
  }

  private pair(serving: readonly number[], shadow: readonly number[], i: number, j: number): void {
    const product = ((serving[i] ?? 0) - (serving[j] ?? 0)) * ((shadow[i] ?? 0) - (shadow[j] ?? 0));
    if (product === 0) return;
    this.pairs++;
    if (product > 0) this.sameOrder++;
  }
}
