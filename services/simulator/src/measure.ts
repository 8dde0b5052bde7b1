import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { measurePolicy } from './domain/measure/measure-policy.js';
import { standInPolicies } from './domain/measure/stand-in-policies.js';
import { TASK_IDS } from './domain/population/behaviour.js';
import { SessionSource } from './domain/population/session-source.js';
import { RelevanceJudge } from './domain/relevance/relevance-judge.js';

// Shows lists of known quality to simulated users, without a gateway: node dist/src/measure.js [WORLD_DIR] [SESSIONS].
// Prints one JSON line a policy: click rates, clicks by position, turns a session.
const [worldDir = 'world', sessions = '3000'] = process.argv.slice(2);
const whole = readWorld(worldDir);
const world = whole.only('training');
const behaviour = readBehaviour(worldDir);
const tasks = new Set(TASK_IDS);
const source = new SessionSource(world, new RelevanceJudge(whole), behaviour, { seed: 1n, users: 500, tasks });
const round = (_: string, value: unknown): unknown => (typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value);
for (const [policy, lists] of Object.entries(standInPolicies(world))) {
  const figures = measurePolicy(source, lists, Number(sessions), tasks);
  console.log(JSON.stringify({ traffic: 'simulated', policy, ...figures }, round));
}
