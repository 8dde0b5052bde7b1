import type { CandidateLine, DrawnLine, PromptSession, ScoredLine, WriteOrder } from '../backend/language-backend.js';

/** A session of a backend that writes text under no grammar: its lines come from a script, one after the other. */
export class ScriptedSession implements PromptSession {
  readonly waitedMs = 0;
  readonly promptMs = 0;
  readonly cachedTokens = 0;
  readonly orders: WriteOrder[] = [];
  private next = 0;

  constructor(
    private readonly script: readonly string[],
    private readonly proposals: readonly (readonly string[])[] = [],
  ) {}

  async *write(order: WriteOrder): AsyncGenerator<DrawnLine, void> {
    this.orders.push(order);
    const texts = this.script.slice(this.next, this.next + order.lines.length);
    for (const text of texts) {
      this.next++;
      yield await Promise.resolve({ text, logPropensity: -1, tokens: 1, redraws: 0 });
    }
  }

  propose(): Promise<readonly CandidateLine[]> {
    const texts = this.proposals[this.next++] ?? [];
    return Promise.resolve(texts.map((text, at) => ({ text, logProbability: -at, tokens: 1 })));
  }

  score(lines: readonly string[]): Promise<readonly ScoredLine[]> {
    return Promise.resolve(lines.map((line) => ({ logProbability: -line.length, tokens: 1 })));
  }

  release(): void {
    this.orders.length = 0;
  }
}
