import { readTopics } from './adapters/yaml/topic-files.js';
import { describeFault } from './domain/world/lint-topics.js';

// Checks the files of a world: node dist/src/lint-world.js [WORLD_DIR]. Ends with 1 if there is any fault.
const { topics, faults } = readTopics(process.argv[2] ?? 'world');
for (const fault of faults) console.log(describeFault(fault));
console.log(`${topics.length} topics, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
