#!/usr/bin/env node
// Stands in for `python -m gqr_learner <command> --job <file>`: speaks the protocol, counts steps, keeps them in a checkpoint and
// goes on from there. behaviour.json beside it says how long and with what outcome; every start is noted in starts.jsonl.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const [, , , , command, , jobPath] = process.argv;
const behaviour = JSON.parse(readFileSync(here('behaviour.json'), 'utf8'));
const { config, inputs, out } = JSON.parse(readFileSync(jobPath, 'utf8'));

process.stdin.resume();
process.stdin.on('end', () => process.exit(75));
process.on('SIGTERM', () => process.exit(75));

const checkpoint = join(out, 'checkpoint', 'step');
mkdirSync(join(out, 'checkpoint'), { recursive: true });
const first = existsSync(checkpoint) ? Number(readFileSync(checkpoint, 'utf8')) : 0;
appendFileSync(here('starts.jsonl'), `${JSON.stringify({ pid: process.pid, command, first, config, inputs })}\n`);
console.error(`began at step ${first}`);

for (let step = first; step < behaviour.steps; step++) {
  await sleep(behaviour.stepMs);
  writeFileSync(checkpoint, String(step + 1));
  say({ type: 'progress', stage: 'fit', done: step + 1, total: behaviour.steps, unit: 'steps', rate: 10, secondsLeft: 1.5, message: '' });
}
if (behaviour.error) {
  say({ type: 'error', ...behaviour.error });
  process.exit(1);
}
const files = command === 'train-ctr' ? ['model.onnx', 'input.json'] : ['adapter.gguf', 'peft/adapter_config.json'];
mkdirSync(join(out, 'peft'), { recursive: true });
for (const name of files) writeFileSync(join(out, name), `${name} of ${command}`);
say({ type: 'result', metrics: behaviour.metrics, files });
process.exit(0);
