/** A conversation to try follow-ups and hints with. The first exchange opens it; the others answer what people may click. */
export interface SampleConversation {
  readonly id: string;
  readonly domain: string;
  readonly exchanges: readonly SampleExchange[];
}

export interface SampleExchange {
  /** Phrasings of the same need; the first is the one that the answer was written for. */
  readonly queries: readonly string[];
  /** Paragraphs. */
  readonly answer: readonly string[];
}

/** A writing request with its draft and a few revisions of it. */
export interface SampleWriting {
  readonly id: string;
  readonly kind: string;
  readonly request: string;
  /** Paragraphs. */
  readonly draft: readonly string[];
  readonly revisions: readonly SampleRevision[];
}

export interface SampleRevision {
  /** The revision fits a request that has one of these words or phrases. */
  readonly when: readonly string[];
  readonly draft: readonly string[];
}
