import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, lintTopics, type TopicFile } from '../../domain/world/lint-topics.js';
import { type Language, World } from '../../domain/world/world.js';
import { readSenses } from '../senses/senses-file.js';
import { WorldError } from '../world-error.js';
import { readYaml } from './yaml-file.js';
import { synonymsSchema, topicSchema } from './topic-schema.js';

/** Reads the topics of a world, `<worldDir>/topics/*.yaml`, with every fault in them. */
export function readTopics(worldDir: string): { topics: TopicFile[]; faults: Fault[] } {
  const folder = join(worldDir, 'topics');
  const topics: TopicFile[] = [];
  const faults: Fault[] = [];
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  if (names.length === 0) faults.push({ file: folder, line: 1, problem: 'holds no topic', remedy: 'add topic files (*.yaml)' });
  for (const name of names) {
    const read = readYaml(join(folder, name), topicSchema, { texts: true });
    if ('faults' in read) faults.push(...read.faults);
    else topics.push({ file: read.file, topic: read.data, lineOf: read.lineOf });
  }
  const known = new Set(names.map((name) => name.slice(0, -'.yaml'.length)));
  return { topics, faults: [...faults, ...lintTopics(topics, known)] };
}

/** Groups of words that people use for one another, `<worldDir>/synonyms.yaml`; none if there is no such file. @throws WorldError */
export function readSynonyms(worldDir: string): string[][] {
  const file = join(worldDir, 'synonyms.yaml');
  if (!existsSync(file)) return [];
  const read = readYaml(file, synonymsSchema);
  if ('faults' in read) throw new WorldError(read.faults);
  return read.data;
}

/** What is known of words over all topics of a folder. @throws WorldError */
export function readLanguage(worldDir: string): Language {
  return { synonyms: readSynonyms(worldDir), senses: readSenses(worldDir) };
}

/** The world of a folder. @throws WorldError */
export function readWorld(worldDir: string): World {
  const { topics, faults } = readTopics(worldDir);
  if (faults.length > 0) throw new WorldError(faults);
  return new World(
    topics.map(({ topic }) => topic),
    readLanguage(worldDir),
  );
}
