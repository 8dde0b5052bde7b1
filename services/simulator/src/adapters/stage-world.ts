import { RelevanceJudge } from '../domain/relevance/relevance-judge.js';
import type { World } from '../domain/world/world.js';
import { readSessionWorld } from './tsv/session-file.js';
import { readLanguage, readWorld } from './yaml/topic-files.js';

/** A world with the judge that reads for it. The judge knows all of it, evaluation topics included, so that it is the same everywhere. */
export interface StageWorld {
  readonly whole: World;
  readonly judge: RelevanceJudge;
  /** Folder in which the behaviour of its users is described. */
  readonly behaviourDir: string;
}

/**
 * Reads a world: a folder, or a file of sessions (.tsv), which takes the behaviour of its users and what is known of words from `shippedDir`.
 * @throws WorldError
 */
export function readStageWorld(path: string, shippedDir = path): StageWorld {
  const isFile = path.endsWith('.tsv');
  const whole = isFile ? readSessionWorld(path, readLanguage(shippedDir)) : readWorld(path);
  return { whole, judge: new RelevanceJudge(whole), behaviourDir: isFile ? shippedDir : path };
}
