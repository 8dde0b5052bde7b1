/** How texts become an input of the predictor; input.json of a model. */
export interface InputSpec {
  /**
   * "base": q_user and q_k. "pid": with "_k" after q_k. "ctx": Fig. 2, with q_1..q_{k-1} (paper appendix B.2). "src": as ctx, with sources
   * after q_user.
   */
  readonly variant: 'base' | 'pid' | 'ctx' | 'src';
  /** Most tokens of an input, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** Number of domain embeddings for positions; those from the last one on share it. */
  readonly maxDomains: number;
  /** Most tokens of each source in variant "src". */
  readonly sourceTokens: number;
  /** Ids of the task embedding by task. */
  readonly tasks: ReadonlyMap<string, number>;
  /** Id for any other task. */
  readonly unknownTask: number;
}

/** What is known beside the query, for variant "src". */
export interface Sources {
  /** The AI's answer to q_user; may be empty. */
  readonly answer: string;
  /** Earlier queries of the session, oldest first. */
  readonly history: readonly string[];
  /** Queries that other users asked along with q_user, the most frequent first. */
  readonly cooccurrence: readonly string[];
}

/** Turns text into token ids. */
export interface Tokenizer {
  readonly clsId: number;
  readonly sepId: number;
  /** Ids of a text without special tokens, not cut. "[SEP]" in a text is text. */
  encode(text: string): readonly number[];
}
