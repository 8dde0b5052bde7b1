import { QueryOrigin, Traffic } from '@gqr/protos/gqr/events/v1/events';
import type { RecommendRequest as Message } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { Traffic as DomainTraffic } from '../../domain/context.js';
import type { QueryOrigin as DomainOrigin } from '../../domain/journal.js';
import type { RecommendRequest } from '../../domain/recommend/request.js';
import { UnknownTaskError } from '../../domain/tasks/task-catalogue.js';
import type { Task } from '../../domain/tasks/task.js';
import { checkMoment, type MomentBounds, OccurredAtNotAcceptedError } from './check-moment.js';
import { checkText } from './check-text.js';
import { quoteName, Violations } from './violations.js';

export const MAX_QUERY = 2_000;
const MAX_RESPONSE = 20_000;
const MAX_TURNS = 200;
const MAX_ID = 128;
const MAX_SIDE_INFORMATION = 16;
const MAX_SIDE_TEXT = 2_000;

const ORIGINS = new Map<QueryOrigin, DomainOrigin>([
  [QueryOrigin.UNSPECIFIED, 'typed'],
  [QueryOrigin.TYPED, 'typed'],
  [QueryOrigin.RECOMMENDATION, 'recommendation'],
]);

const TRAFFIC = new Map<Traffic, DomainTraffic>([
  [Traffic.UNSPECIFIED, 'live'],
  [Traffic.LIVE, 'live'],
  [Traffic.SIMULATED, 'simulated'],
]);

/** What parsing depends on beside the message. */
export interface ParseOptions extends MomentBounds {
  readonly acceptOccurredAt: boolean;
}

/** Adds to `violations` what is wrong with a session or user id. */
export function checkId(violations: Violations, field: string, id: string): void {
  checkText(violations, field, id, { max: MAX_ID, typed: true });
}

export function parseTraffic(violations: Violations, field: string, traffic: Traffic): DomainTraffic {
  const known = TRAFFIC.get(traffic);
  if (known === undefined) violations.add(field, 'must be TRAFFIC_LIVE or TRAFFIC_SIMULATED');
  return known ?? 'live';
}

/**
 * The request as the domain has it.
 * @param path what stands before the names of fields, for example "request."
 * @throws InvalidRequestError with everything that is wrong; else OccurredAtNotAcceptedError; else UnknownTaskError
 */
export function parseRecommend(message: Message, tasks: readonly Task[], options: ParseOptions, path = ''): RecommendRequest {
  const violations = new Violations();
  const task = tasks.find((candidate) => candidate.id === message.taskId);
  checkContext(violations, path, message);
  checkId(violations, `${path}session_id`, message.sessionId);
  checkId(violations, `${path}user_id`, message.userId);
  const origin = ORIGINS.get(message.queryOrigin);
  if (origin === undefined) violations.add(`${path}query_origin`, 'must be QUERY_ORIGIN_TYPED or QUERY_ORIGIN_RECOMMENDATION');
  const traffic = parseTraffic(violations, `${path}traffic`, message.traffic);
  const occurredAt = checkMoment(violations, `${path}occurred_at`, message.occurredAt, options);
  if (message.taskId === '') violations.add(`${path}task_id`, `must not be empty; ask for one of: ${idsOf(tasks).join(', ')}`);
  if (task !== undefined) checkAgainstTask(violations, path, message, task);
  violations.throwIfAny();
  if (occurredAt !== undefined && !options.acceptOccurredAt) throw new OccurredAtNotAcceptedError(`${path}occurred_at`);
  if (task === undefined) throw new UnknownTaskError(idsOf(tasks));
  return {
    task,
    context: {
      query: message.query,
      response: message.response,
      history: message.history.map(({ query, response }) => ({ query, response })),
      sideInformation: message.sideInformation,
    },
    count: message.count === 0 ? task.defaultCount : message.count,
    sessionId: message.sessionId,
    userId: message.userId,
    explain: message.explain,
    origin: origin ?? 'typed',
    occurredAt,
    traffic,
  };
}

function idsOf(tasks: readonly Task[]): string[] {
  return tasks.map((task) => task.id);
}

function checkContext(violations: Violations, path: string, { query, response, history }: Message): void {
  checkText(violations, `${path}query`, query, { max: MAX_QUERY, required: true, typed: true });
  checkText(violations, `${path}response`, response, { max: MAX_RESPONSE });
  if (history.length > MAX_TURNS) {
    const description = `must have at most ${String(MAX_TURNS)} turns and has ${history.length.toLocaleString('en')}; send the newest`;
    violations.add(`${path}history`, description);
    return;
  }
  history.forEach((turn, index) => {
    checkText(violations, `${path}history[${String(index)}].query`, turn.query, { max: MAX_QUERY, typed: true });
    checkText(violations, `${path}history[${String(index)}].response`, turn.response, { max: MAX_RESPONSE });
  });
}

function checkAgainstTask(violations: Violations, path: string, { count, sideInformation }: Message, task: Task): void {
  if (count > task.maxCount) {
    violations.add(`${path}count`, `must be at most ${String(task.maxCount)} for ${task.id}; 0 asks for ${String(task.defaultCount)}`);
  }
  const declared = task.definition.sideInformation;
  const entries = Object.entries(sideInformation);
  if (entries.length > MAX_SIDE_INFORMATION) {
    violations.add(`${path}side_information`, `must have at most ${String(MAX_SIDE_INFORMATION)} entries`);
    return;
  }
  for (const [name, text] of entries) {
    const field = `${path}side_information[${quoteName(name)}]`;
    if (declared.includes(name)) checkText(violations, field, text, { max: MAX_SIDE_TEXT, typed: true });
    else
      violations.add(field, `${task.id} does not take it; ${declared.length === 0 ? 'it takes none' : `it takes: ${declared.join(', ')}`}`);
  }
}
