import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';
import type { SimulationSpec as SpecMessage } from '@gqr/protos/gqr/simulator/v1/simulator';
import { TASK_IDS, type TaskId } from '../../domain/population/behaviour.js';
import { GATEWAY, type SimulationSpec } from '../../domain/simulation/progress.js';

const MOST_IMPRESSIONS = 10_000_000;
const MOST_DAYS = 366;
const MOST_USERS = 1_000_000;
const MOST_SCRIPTS = 1_000_000;
const MOST_CONCURRENCY = 64;
const MOST_RATE = 100_000;

const isTask = (id: string): id is TaskId => TASK_IDS.some((task) => task === id);

function* faults(spec: SpecMessage): Generator<FieldViolation> {
  const { impressions, days, users, scripts, tasks, concurrency } = spec;
  if (impressions < 1n || impressions > BigInt(MOST_IMPRESSIONS)) {
    yield { field: 'spec.impressions', description: `is ${impressions.toString()}; must be 1 to ${MOST_IMPRESSIONS}` };
  }
  if (days > MOST_DAYS) yield { field: 'spec.days', description: `is ${days}; must be 1 to ${MOST_DAYS}, or 0 for 1` };
  if (users > MOST_USERS) yield { field: 'spec.users', description: `is ${users}; must be 1 to ${MOST_USERS}, or 0 for 500` };
  if (scripts > MOST_SCRIPTS) {
    yield { field: 'spec.scripts', description: `is ${scripts}; must be 1 to ${MOST_SCRIPTS}, or 0 for as many as sessions` };
  }
  if (concurrency > MOST_CONCURRENCY) {
    yield { field: 'spec.concurrency', description: `is ${concurrency}; must be 1 to ${MOST_CONCURRENCY}, or 0 for 4` };
  }
  if (!(spec.rate >= 0 && spec.rate <= MOST_RATE)) {
    yield { field: 'spec.rate', description: `is ${spec.rate}; must be above 0 and at most ${MOST_RATE}, or 0 for no limit` };
  }
  if (spec.realTime && days > 1) {
    yield { field: 'spec.days', description: `is ${days}; on the wall clock leave it out: users come now` };
  }
  for (const [index, task] of tasks.entries()) {
    const known = TASK_IDS.join(', ');
    if (!isTask(task))
      yield { field: `spec.tasks[${index}]`, description: `simulated users know only the tasks ${known}; name one of them` };
  }
}

/** What is to be simulated, with defaults filled in. @throws InvalidRequestError */
export function parseSpec(spec: SpecMessage | undefined): SimulationSpec {
  if (spec === undefined) throw new InvalidRequestError([{ field: 'spec', description: 'is required' }]);
  const violations = [...faults(spec)];
  if (violations.length > 0) throw new InvalidRequestError(violations);
  const tasks = TASK_IDS.filter((task) => spec.tasks.length === 0 || spec.tasks.includes(task));
  return {
    impressions: Number(spec.impressions),
    days: spec.days || 1,
    users: spec.users || 500,
    scripts: spec.scripts,
    seed: spec.seed,
    tasks,
    concurrency: spec.concurrency || 4,
    rate: spec.rate,
    realTime: spec.realTime,
    policy: spec.policy || GATEWAY,
    world: spec.world,
  };
}
