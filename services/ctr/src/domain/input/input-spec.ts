/** How texts become an input of the predictor; input.json of a model. */
export interface InputSpec {
  /** "base": q_user and q_k. "pid": with "_k" after q_k. "ctx": Fig. 2, with q_1..q_{k-1} (paper appendix B.2). */
  readonly variant: 'base' | 'pid' | 'ctx';
  /** Most tokens of an input, [CLS] and [SEP] included. */
  readonly maxLength: number;
  /** Number of domain embeddings; positions from the last one on share it. */
  readonly maxDomains: number;
  /** Ids of the task embedding by task. */
  readonly tasks: ReadonlyMap<string, number>;
  /** Id for any other task. */
  readonly unknownTask: number;
}

/** Turns text into token ids. */
export interface Tokenizer {
  readonly clsId: number;
  readonly sepId: number;
  /** Ids of a text without special tokens, not cut. "[SEP]" in a text is text. */
  encode(text: string): readonly number[];
}
