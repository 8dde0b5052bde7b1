// Stands in for the learner's environment.mjs: the "interpreter" is a script beside it.
import { fileURLToPath } from 'node:url';

const progress = { type: 'progress', stage: 'install', done: 1, total: 1, unit: 'packages', rate: 1, secondsLeft: null, message: '' };
process.stdout.write(`${JSON.stringify(progress)}\n`);
process.stdout.write(`${JSON.stringify({ type: 'result', python: fileURLToPath(new URL('python.mjs', import.meta.url)) })}\n`);
