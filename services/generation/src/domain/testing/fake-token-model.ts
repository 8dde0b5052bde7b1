import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { Distribution, LentSequence, Shape, TokenModel, Vocabulary } from '../decode/token-model.js';

const END = 0;

/** A token for every character; the markers of the chat format are text to it. */
export class FakeVocabulary implements Vocabulary {
  readonly endOfText = END;

  encode(text: string): number[] {
    return Array.from(text).map((character) => character.codePointAt(0) ?? END);
  }

  encodeWithMarkers(text: string): number[] {
    return this.encode(text);
  }

  decode(tokens: readonly number[]): string {
    return tokens.map((token) => (token === END ? '' : String.fromCodePoint(token))).join('');
  }

  isMarker(token: number): boolean {
    return token === END;
  }
}

/** Says what comes next: texts of single characters (or "" for the end) with their probabilities, given the text so far. */
export type NextCharacter = (text: string) => Readonly<Record<string, number>>;

/** A language model that is a function. Shapes are ignored but for `topK`: the wide look is the same function with `wide`. */
export class FakeTokenModel implements TokenModel {
  readonly vocabulary = new FakeVocabulary();
  readonly advanced: string[] = [];
  closed = false;

  constructor(
    private readonly next: NextCharacter,
    private readonly wide: NextCharacter = next,
    private readonly onShape: (shape: Shape) => unknown = () => undefined,
  ) {}

  lend(prompt: readonly number[], limits: CallLimits): Promise<LentSequence> {
    limits.signal.throwIfAborted();
    let known = prompt.slice(0, -1);
    const { vocabulary, next, wide, advanced, onShape } = this;
    const distribution = (shape: Shape): Distribution =>
      Object.entries((shape.topK === 0 ? wide : next)(vocabulary.decode(known).slice(prompt.length))).map(([text, probability]) => ({
        token: text === '' ? END : (text.codePointAt(0) ?? END),
        probability,
      }));
    return Promise.resolve({
      cachedTokens: 0,
      waitedMs: 0,
      promptMs: 0,
      get length() {
        return known.length;
      },
      advance: (tokens, shape) => {
        limits.signal.throwIfAborted();
        advanced.push(vocabulary.decode(tokens));
        onShape({ ...shape, punished: [...shape.punished] });
        known = [...known, ...tokens];
        return Promise.resolve(distribution(shape));
      },
      score: (unread, tokens) => {
        known = [...known, ...unread];
        return Promise.resolve(
          tokens.map((token) => {
            const found = distribution({
              temperature: 1,
              topP: 1,
              minP: 0,
              topK: 0,
              punished: [],
              repetitionPenalty: 1,
              presencePenalty: 0,
            }).find((each) => each.token === token);
            known = [...known, token];
            return Math.log(found?.probability ?? 0);
          }),
        ).finally(() => {
          known = known.slice(0, -1);
        });
      },
      rewind: (length) => {
        known = known.slice(0, length);
        return Promise.resolve();
      },
      release: () => undefined,
    });
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
