import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { readWorld } from './adapters/yaml/topic-files.js';
import { measureSpeed } from './domain/measure/measure-policy.js';
import { standInPolicies } from './domain/measure/stand-in-policies.js';
import { TASK_IDS } from './domain/population/behaviour.js';
import { SessionSource } from './domain/population/session-source.js';
import { RelevanceJudge } from './domain/relevance/relevance-judge.js';

// Decisions of simulated users in a second of a core, without a gateway: node dist/src/bench.js [WORLD_DIR] [SESSIONS] [POLICY].
// The time is that of this process on a core, so that a busy machine does not change it much.
const [worldDir = 'world', sessions = '12000', only] = process.argv.slice(2);
const whole = readWorld(worldDir);
const world = whole.only('training');
const behaviour = readBehaviour(worldDir);
const tasks = new Set(TASK_IDS);
const populate = (): SessionSource => new SessionSource(world, new RelevanceJudge(whole), behaviour, { seed: 1n, users: 500, tasks });
for (const [policy, lists] of Object.entries(standInPolicies(world))) {
  if (only !== undefined && policy !== only) continue;
  console.log(JSON.stringify({ policy, decisionsPerSecond: measureSpeed(populate, lists, Number(sessions), tasks) }));
}
