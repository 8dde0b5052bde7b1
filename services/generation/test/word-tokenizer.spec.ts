import { getLlama, LlamaLogLevel, type LlamaModel } from 'node-llama-cpp';
import { beforeAll, describe, expect, it } from 'vitest';
import { LlamaVocabulary } from '../src/adapters/llama/llama-vocabulary.js';
import { type VocabularyFile, WordTokenizer } from '../src/adapters/llama/word-tokenizer.js';
import { seededRandom } from '../src/domain/decode/seeded-random.js';
import { injections } from './injection-corpus.js';
import { NO_MODEL, realModel } from './real-model.js';

const TEXTS = 3_000;
// What words begin, end and are parted with, and words of several tokens.
const PARTS = (
  "a|The| rice| xyzzyish|ß|é|Œuvre| ŷ|7|42| 1,250|'s|'LL|n't|’re|.|, | - |--|?!| (|)|\"| “|”|…|_|#|×|€| /|http://|&|<|>|  |   |\n|\n\n|" +
  '<|im_end|>|<|im_start|>'
).split(/\|(?!im_|>)/);

describe('words as tokens', () => {
  let model: LlamaModel | undefined;
  let words: WordTokenizer | undefined;

  beforeAll(async () => {
    if (realModel === undefined) return;
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error });
    model = await llama.loadModel({ modelPath: realModel.path, vocabOnly: true });
    words = WordTokenizer.of((model.fileInfo.metadata.tokenizer as { ggml: VocabularyFile }).ggml);
  });

  it('are those of llama.cpp, whatever stands beside what', ({ skip }) => {
    if (model === undefined) return skip(NO_MODEL);
    const random = seededRandom(7n);
    for (let made = 0; made < TEXTS; made++) {
      const parts = Array.from({ length: 1 + Math.floor(random() * 14) }, () => PARTS[Math.floor(random() * PARTS.length)] ?? '');
      const text = parts.join('');
      expect(words?.encode(text), text).toEqual(model.tokenize(text, false, 'trimLeadingSpace'));
      expect(words?.encodeWithMarkers(text), text).toEqual(model.tokenize(text, true, 'trimLeadingSpace'));
    }
  });

  it('are left to llama.cpp where their characters may be cut otherwise', ({ skip }) => {
    if (model === undefined) return skip(NO_MODEL);
    for (const text of ['\u65e5\u672c', 'na\u0131ve \u0301', '5 \u00bd', 'a\u00a0b', '\ud83d\ude42', 'tab\there'])
      expect(words?.encode(text), text).toBeUndefined();
  });

  it('are left to llama.cpp where one is as long as a paste', ({ skip }) => {
    if (words === undefined) return skip(NO_MODEL);
    expect(words.encode(`a ${'x'.repeat(63)} b`)).toBeDefined();
    expect(words.encode(`a ${'x'.repeat(64)} b`)).toBeUndefined();
    expect(words.encodeWithMarkers('='.repeat(100_000))).toBeUndefined();
  });

  it('and the rest are one vocabulary', async ({ skip }) => {
    if (model === undefined || realModel === undefined) return skip(NO_MODEL);
    const vocabulary = await LlamaVocabulary.load(realModel.path);
    for (const text of injections.map((each) => each.text.slice(0, 2_000)))
      expect(vocabulary.encode(text)).toEqual(model.tokenize(text, false, 'trimLeadingSpace'));
  });

  it('are not known of a vocabulary of another kind', () => {
    expect(WordTokenizer.of({ model: 'gpt2', pre: 'llama-bpe', tokens: ['a'], token_type: [1], merges: [] })).toBeUndefined();
    expect(WordTokenizer.of({})).toBeUndefined();
  });
});
