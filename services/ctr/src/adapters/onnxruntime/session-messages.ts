import type { SharedSection } from './native-section.js';

/** What a session's thread is started with. */
export interface SessionData {
  readonly path: string;
  /** Execution providers to try, the first that works is taken. ONNX Runtime itself does not fall back. */
  readonly providers: readonly string[];
  readonly threads: number;
  /** Entered when the thread starts; left whenever it is not in ONNX Runtime. */
  readonly section: SharedSection;
}

/** A batch, padded with zeros to its longest input. Goes to the thread by transfer. */
export interface PackedBatch {
  readonly size: number;
  readonly length: number;
  /** [3, size, length]: ids, segments, domains. */
  readonly tokens: Int32Array<ArrayBuffer>;
  /** [size]. */
  readonly lengths: Int32Array<ArrayBuffer>;
  /** [size]. */
  readonly tasks: Int32Array<ArrayBuffer>;
}

/** What a thread says: once that it is ready or why not, then an answer to each batch. */
export type SessionReply =
  | { readonly type: 'ready'; readonly provider: string }
  | { readonly type: 'unusable'; readonly reason: string }
  | { readonly type: 'estimates'; readonly probabilities: Float32Array; readonly uncertainties: Float32Array | undefined }
  | { readonly type: 'failed'; readonly reason: string };
