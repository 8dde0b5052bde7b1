import { readLogFile } from './adapters/files/read-log-file.js';
import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { hiddenWords } from './domain/truth/hidden-words.js';

// Looks for hidden state in what training reads: node dist/src/scan-leaks.js [--world=DIR] FILE ...
// Any file will do: event logs, day files, prompts, features; .gz is unpacked. Ends with 1 if anything hidden is in one of them.
const args = process.argv.slice(2);
const worldDir = args.find((arg) => arg.startsWith('--world='))?.slice('--world='.length) ?? 'world';
const files = args.filter((arg) => !arg.startsWith('--'));
const hidden = hiddenWords(readWorld(worldDir), readBehaviour(worldDir));
let leaks = 0;
for (const file of files) {
  const text = readLogFile(file).toString('utf8');
  for (const word of hidden.filter((each) => text.includes(each))) {
    leaks++;
    console.log(`${file}: holds ${JSON.stringify(word)}, which only the simulator may know`);
  }
}
console.log(`${files.length} files, ${hidden.length} hidden words, ${leaks} leaks`);
process.exitCode = leaks > 0 ? 1 : 0;
