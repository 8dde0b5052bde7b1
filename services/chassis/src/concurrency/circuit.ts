/** What a call through a circuit reports when it is over, exactly once. */
export interface Passage {
  succeeded(): void;
  failed(): void;
  /** Nothing was learnt about the dependency: the caller left or had too little time. */
  abandoned(): void;
}

export interface CircuitOptions {
  /** Failures in a row that open the circuit. */
  readonly failures: number;
  /** How long it stays open before one call may try again. */
  readonly openMs: number;
  readonly now: () => number;
  /** Told when the circuit opens and when it closes. */
  readonly onChange: (open: boolean) => void;
}

/**
 * Keeps calls away from a dependency that is down, so that not each of them has to find out for itself. Once open, a single call at a
 * time tries whether the dependency is back; the others are turned away at once rather than wait for its outcome, since they have a
 * better use for their time.
 */
export class Circuit {
  private failuresInRow = 0;
  private openedAt: number | undefined;
  private probing = false;

  constructor(private readonly options: CircuitOptions) {}

  /** The way through; undefined if the call is turned away. */
  enter(): Passage | undefined {
    if (this.openedAt === undefined) return this.passage();
    if (this.probing || this.options.now() - this.openedAt < this.options.openMs) return undefined;
    this.probing = true;
    return this.passage();
  }

  private passage(): Passage {
    return {
      succeeded: () => {
        this.probing = false;
        this.failuresInRow = 0;
        if (this.openedAt === undefined) return;
        this.openedAt = undefined;
        this.options.onChange(false);
      },
      failed: () => {
        this.probing = false;
        this.failuresInRow++;
        if (this.failuresInRow < this.options.failures) return;
        if (this.openedAt === undefined) this.options.onChange(true);
        this.openedAt = this.options.now();
      },
      abandoned: () => {
        this.probing = false;
      },
    };
  }
}
