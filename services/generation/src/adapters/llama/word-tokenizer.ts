/** What a GGUF file says of its vocabulary. */
export interface VocabularyFile {
  readonly model?: string;
  readonly pre?: string;
  readonly tokens?: readonly string[];
  /** Of each token: 1 is text, 3 a marker. */
  readonly token_type?: readonly number[];
  /** Pairs that become one token, those that do so first first. */
  readonly merges?: readonly string[];
}

/** How texts are cut into words by the pre-tokenizer "smollm": digits one by one, then as GPT-2 does. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+/gu;
/** Characters of which no version of Unicode ever thought otherwise than that of llama.cpp does. */
const PLAIN = /^[\n -~\u00c0-\u024f\u2010-\u2027\u20ac]*$/;
const TEXT = 1;
const MARKER = 3;
/** Words that are remembered; what people ask about is said in fewer. */
const MAX_WORDS = 50_000;
/** Joining pairs takes time with the square of a word's length: a pasted one of 100 kB would hold everything up. */
const MAX_WORD_LENGTH = 64;

/**
 * Tokenizes as llama.cpp does, word by word, and remembers words: llama.cpp takes 54 microseconds for a call and 0.7 for a character (it
 * compiles the expressions of its pre-tokenizer for every call), this one 0.05. Knows one kind of vocabulary, that of SmolLM, and the
 * characters of which there is no doubt how they are cut; leaves all else to llama.cpp.
 */
export class WordTokenizer {
  private readonly ids: ReadonlyMap<string, number>;
  private readonly ranks: ReadonlyMap<string, number>;
  private readonly markers: RegExp;
  private readonly known = new Map<string, readonly number[]>();

  private constructor(tokens: readonly string[], merges: readonly string[], markers: readonly string[]) {
    this.ids = new Map(tokens.map((token, id) => [token, id]));
    this.ranks = new Map(merges.map((pair, rank) => [pair, rank]));
    this.markers = new RegExp(`(${markers.map((marker) => marker.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})`);
  }

  /** Undefined for a vocabulary of another kind. */
  static of({ model, pre, tokens = [], token_type: types = [], merges = [] }: VocabularyFile): WordTokenizer | undefined {
    if (model !== 'gpt2' || pre !== 'smollm' || types.some((type) => type !== TEXT && type !== MARKER)) return undefined;
    const markers = tokens.filter((_, id) => types[id] === MARKER).sort((a, b) => b.length - a.length);
    return markers.length === 0 ? undefined : new WordTokenizer(tokens, merges, markers);
  }

  /** Tokens of plain text; undefined for a text that is left to llama.cpp. */
  encode(text: string): number[] | undefined {
    return PLAIN.test(text) ? this.encodePlain(text) : undefined;
  }

  /** Tokens of a text whose chat markers count; undefined for a text that is left to llama.cpp. */
  encodeWithMarkers(text: string): number[] | undefined {
    if (!PLAIN.test(text)) return undefined;
    const all: number[] = [];
    // Every other part is a marker.
    for (const [at, part] of text.split(this.markers).entries()) {
      const tokens = at % 2 === 0 ? this.encodePlain(part) : [this.ids.get(part) ?? NaN];
      if (tokens === undefined) return undefined;
      for (const token of tokens) all.push(token);
    }
    return all;
  }

  private encodePlain(text: string): number[] | undefined {
    const all: number[] = [];
    for (const word of text.match(WORDS) ?? []) {
      const tokens = this.known.get(word) ?? this.learn(word);
      if (tokens === undefined) return undefined;
      for (const token of tokens) all.push(token);
    }
    return all;
  }

  private learn(word: string): readonly number[] | undefined {
    if (word.length > MAX_WORD_LENGTH) return undefined;
    const tokens: number[] = [];
    for (const symbol of this.merge(Array.from(Buffer.from(word), (byte) => BYTES[byte] ?? ''))) {
      const id = this.ids.get(symbol);
      if (id === undefined) return undefined;
      tokens.push(id);
    }
    if (this.known.size >= MAX_WORDS) this.known.clear();
    this.known.set(word, tokens);
    return tokens;
  }

  /** Joins the pair that comes first in the order of the vocabulary, the leftmost of equals, until there is none. */
  private merge(symbols: string[]): string[] {
    for (;;) {
      let best = Infinity;
      let place = -1;
      for (let at = 0; at + 1 < symbols.length; at++) {
        const rank = this.ranks.get(`${symbols[at] ?? ''} ${symbols[at + 1] ?? ''}`) ?? Infinity;
        if (rank < best) [best, place] = [rank, at];
      }
      if (place < 0) return symbols;
      symbols.splice(place, 2, `${symbols[place] ?? ''}${symbols[place + 1] ?? ''}`);
    }
  }
}

/** The character that stands for each byte in a byte-level vocabulary: itself if it is visible, else one from U+0100 on. */
const BYTES: readonly string[] = bytesAsCharacters();

function bytesAsCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const visible = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(visible ? byte : next++);
  });
}
