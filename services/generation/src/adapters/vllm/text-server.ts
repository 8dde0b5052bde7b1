import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { Decoding } from '../../domain/tasks/task.js';

/** Most tokens that one is drawn from; far more than a nucleus of 0.95 ever holds here. */
export const TOP_K = 64;

/** A text that is wanted of a server. */
export interface TextRequest {
  /** Tokens of everything that stands before it. */
  readonly prompt: readonly number[];
  /** Name of a loaded adapter; empty for the base model. */
  readonly adapter: string;
  /**
   * Its repetition penalty is not sent: the servers count what the prompt says as repeated, and would keep a query from its own topic.
   * Diversity is, as their presence penalty, which counts the text alone.
   */
  readonly decoding: Decoding;
  readonly seed: bigint;
  /** What the whole text must match. */
  readonly regex: string;
  readonly maxTokens: number;
}

/** A piece of a text. */
export interface TextPiece {
  readonly text: string;
  readonly tokens: number;
  /** In the last piece alone: whether the text is whole, or its tokens were used up. */
  readonly end?: 'whole' | 'used-up';
}

/** What a server says of itself. */
export interface ServerFacts {
  readonly version: string;
  /** Another one after every start; empty where the server does not say. */
  readonly instanceId: string;
  readonly contextTokens: number;
  readonly takesAdapters: boolean;
}

/**
 * One server that runs the language model, whatever it speaks. Calls end with their limits; everything else that goes wrong is a
 * ServerFault. A generator whose consumer returns ends the request on the server.
 */
export interface TextServer {
  readonly address: string;
  describe(limits: CallLimits): Promise<ServerFacts>;
  /** Resolves if it takes requests now. */
  checkReady(limits: CallLimits): Promise<void>;
  /**
   * Writes a text. Its pieces end where its lines do, or hold them together: what is within a line is of use to nobody yet.
   * @param heard called for whatever comes of the server, even where no piece is complete
   */
  write(request: TextRequest, limits: CallLimits, heard: () => void): AsyncGenerator<TextPiece, void>;
  /** Log-probability of each token given those before it, at temperature 1; 0 for the first. */
  scorePrompt(tokens: readonly number[], adapter: string, limits: CallLimits): Promise<readonly number[]>;
  /** One that is loaded already is no fault: a name stands for one and the same adapter for ever. */
  loadAdapter(name: string, folder: string, limits: CallLimits): Promise<void>;
  /** One that is not loaded is no fault. */
  unloadAdapter(name: string, limits: CallLimits): Promise<void>;
  listAdapters(limits: CallLimits): Promise<readonly string[]>;
  close(): void;
}

/** What went wrong with a server. */
export type FaultKind =
  /** It cannot be reached, or is about to stop. */
  | 'gone'
  /** It does not answer in time. */
  | 'late'
  /** It takes no more for now. */
  | 'full'
  /** It does not have the adapter, as after a restart. */
  | 'adapter-lost'
  /** It will not do what was asked, however often it is asked. */
  | 'refused'
  /** It failed while it worked. */
  | 'failed'
  /** Its answer makes no sense. */
  | 'junk';

/** A server did not do what it was asked. Thrown by every method of a TextServer. */
export class ServerFault extends Error {
  override readonly name = 'ServerFault';
  constructor(
    readonly kind: FaultKind,
    address: string,
    what: string,
  ) {
    super(`${address}: ${what}`);
  }
}
