import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { QueryWriter, WriteRequest, WrittenList, WrittenPiece } from '../../src/domain/recommend/query-writer.js';
import { Misbehaviour } from './misbehaviour.js';

/** Writes the texts that it is given; streams them, unless told that they were at hand. */
export class FakeQueryWriter extends Misbehaviour implements QueryWriter {
  texts: readonly string[] = ['solar panel cost', 'solar panel lifespan', 'are solar panels worth it'];
  auxiliaryTexts: Record<string, string> = {};
  /** Time from each piece to the next. */
  pieceMs = 0;
  pooled = false;
  /** Pieces after which it fails as it was told to; undefined for before the first. */
  failsAfter: number | undefined;
  readonly requests: WriteRequest[] = [];

  constructor() {
    super('generation');
  }

  async write(request: WriteRequest, limits: CallLimits, onPiece: (piece: WrittenPiece) => void): Promise<WrittenList> {
    this.requests.push(request);
    if (this.failsAfter === undefined) await this.act(limits);
    const queries = this.texts.map((text, index) => ({ text, logPropensity: -1 - index }));
    if (!this.pooled) await this.stream(queries, limits, onPiece);
    return {
      queries,
      auxiliaryTexts: this.auxiliaryTexts,
      policy: { kind: `policy.${request.taskId}`, version: 'policy-1' },
      promptVersion: 'prompt-1',
      decoding: {
        temperature: 0.7,
        topP: 0.95,
        minP: 0.05,
        seed: 42n,
        poolSize: request.pool.size,
        repetitionPenalty: 1.1,
        diversity: 0.5,
      },
      usage: { promptTokens: 200, cachedPromptTokens: 150, completionTokens: 20, redraws: 1 },
      prompt: request.includePrompt ? 'the prompt' : '',
    };
  }

  private async stream(queries: WrittenList['queries'], limits: CallLimits, onPiece: (piece: WrittenPiece) => void): Promise<void> {
    const pieces: WrittenPiece[] = [
      ...Object.entries(this.auxiliaryTexts).map(([name, text]) => ({ kind: 'auxiliary_text' as const, name, text })),
      ...queries.map((query) => ({ kind: 'query' as const, ...query })),
    ];
    for (const [index, piece] of pieces.entries()) {
      if (index === this.failsAfter) await this.act(limits);
      if (this.pieceMs > 0) await new Misbehaviour('generation').act(limits, this.pieceMs);
      onPiece(piece);
    }
  }
}
