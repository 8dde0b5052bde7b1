import { readFileSync } from 'node:fs';
import { type Fault } from '../../domain/world/lint-topics.js';
import { parseSessionLines, type RawLine, type SessionLine } from '../../domain/world/session-lines.js';
import { topicsOfSessions } from '../../domain/world/session-topics.js';
import { type Language, World } from '../../domain/world/world.js';
import { WorldError } from '../world-error.js';

const NEW_LINE = 0x0a;

/** Lines of a file, each decoded on its own, so that one broken byte spoils one line. */
function linesOf(bytes: Buffer): RawLine[] {
  const lines: RawLine[] = [];
  for (let from = 0; from <= bytes.length;) {
    const end = bytes.indexOf(NEW_LINE, from);
    const until = end < 0 ? bytes.length : end;
    try {
      lines.push(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, until)));
    } catch {
      lines.push(undefined);
    }
    from = until + 1;
  }
  return lines;
}

/** Reads the sessions of a file, with every fault in it. @throws WorldError if it cannot be read at all */
export function readSessions(file: string): { sessions: SessionLine[]; faults: Fault[] } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const problem = error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new WorldError([
      { file, line: 1, problem, remedy: 'give the path of a file of sessions (.tsv) on the machine of the simulator' },
    ]);
  }
  return parseSessionLines(file, linesOf(bytes));
}

/** The world of a file of sessions; lines with a fault are left out of it. @throws WorldError if nothing is left */
export function readSessionWorld(file: string, language: Language): World {
  const { sessions, faults } = readSessions(file);
  if (sessions.length === 0) throw new WorldError(faults);
  return new World(topicsOfSessions(sessions), language);
}
