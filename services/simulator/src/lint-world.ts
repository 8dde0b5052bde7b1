import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readSessions } from './adapters/tsv/session-file.js';
import { WorldError } from './adapters/world-error.js';
import { readLanguage, readTopics } from './adapters/yaml/topic-files.js';
import { describeFault, type Fault } from './domain/world/lint-topics.js';

// Checks a world: node dist/src/lint-world.js [WORLD_DIR | SESSIONS.tsv]. Names file, line and remedy of every fault; ends with 1 if
// there is any.
const path = process.argv[2] ?? 'world';

/** Faults that reading something finds. */
function faultsIn(read: () => unknown): readonly Fault[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof WorldError) return error.faults;
    throw error;
  }
}

function lint(): { what: string; faults: readonly Fault[] } {
  if (path.endsWith('.tsv')) {
    const { sessions, faults } = readSessions(path);
    return { what: `${sessions.length} sessions`, faults };
  }
  const { topics, faults } = readTopics(path);
  const others = [() => readBehaviour(path), () => readLanguage(path)].flatMap(faultsIn);
  return { what: `${topics.length} topics`, faults: [...faults, ...others] };
}

const { what, faults } = lint();
for (const fault of faults) console.log(describeFault(fault));
console.log(`${what}, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
