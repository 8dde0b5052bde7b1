import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeFault, type Fault, lintTopics, type TopicFile } from '../../domain/world/lint-topics.js';
import { World } from '../../domain/world/world.js';
import { readYaml } from './yaml-file.js';
import { synonymsSchema, topicSchema } from './topic-schema.js';

/** A world cannot be used; the message has every fault with file, line and remedy. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  constructor(readonly faults: readonly Fault[]) {
    super(`the world cannot be used:\n${faults.map(describeFault).join('\n')}`);
  }
}

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
    const read = readYaml(join(folder, name), topicSchema);
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

/** The world of a folder. @throws WorldError */
export function readWorld(worldDir: string): World {
  const { topics, faults } = readTopics(worldDir);
  if (faults.length > 0) throw new WorldError(faults);
  return new World(
    topics.map(({ topic }) => topic),
    readSynonyms(worldDir),
  );
}
