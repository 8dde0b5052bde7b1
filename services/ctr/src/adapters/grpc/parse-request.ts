import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';
import { versionName } from '@gqr/chassis/registry/registry';
import type {
  BatchPredictListRequest,
  BatchPredictNextRequest,
  PredictListRequest,
  PredictNextRequest,
  ReloadModelRequest,
  StartShadowRequest,
  StreamPredictListRequest,
} from '@gqr/protos/gqr/ctr/v1/ctr';
import type { Sources } from '../../domain/input/input-spec.js';
import type { NextStep, ShownList } from '../../domain/scoring/request-kinds.js';

const MAX_TEXT = 2_000;
const MAX_TASK = 128;
const MAX_QUERIES = 100;
const MAX_CHOSEN = 99;
const MAX_CANDIDATES = 1_000;
const MAX_REQUESTS = 1_000;
const MAX_TEXTS_IN_ALL = 10_000;
/** The violations travel in a header of limited size. */
const MAX_VIOLATIONS = 20;

/** Whether a text has at most MAX_TEXT code points, which are one or two UTF-16 units each: few texts need be counted, and no long one. */
function isShort(text: string): boolean {
  return text.length <= MAX_TEXT || (text.length <= 2 * MAX_TEXT && Array.from(text).length <= MAX_TEXT);
}

/** Collects what is wrong with a request, so that a caller learns of all of it at once. */
class Violations {
  private readonly found: FieldViolation[] = [];
  private more = 0;

  check(holds: boolean, field: string, description: string): void {
    if (holds) return;
    if (this.found.length < MAX_VIOLATIONS) this.found.push({ field, description });
    else this.more++;
  }

  text(value: string, field: string): void {
    this.check(value.trim() !== '', field, 'must not be empty');
    this.check(isShort(value), field, `has more than ${MAX_TEXT.toLocaleString('en')} characters; cut it`);
  }

  texts(values: readonly string[], field: string, least: number, most: number): void {
    const range = least === 0 ? `at most ${String(most)}` : `${String(least)} to ${String(most)}`;
    this.check(values.length >= least && values.length <= most, field, `has ${String(values.length)} entries; it takes ${range}`);
    values.slice(0, most).forEach((value, i) => {
      this.text(value, `${field}[${String(i)}]`);
    });
  }

  /** @throws InvalidRequestError */
  throwIfAny(): void {
    if (this.found.length === 0) return;
    const rest = { field: '...', description: `${String(this.more)} more violations` };
    throw new InvalidRequestError(this.more > 0 ? [...this.found, rest] : this.found);
  }
}

/** Of the context only the query is checked: of all else no more is read than the model's input can hold, if it holds any of it. */
function checkHead(
  request: PredictListRequest | PredictNextRequest,
  at: string,
  violations: Violations,
): { taskId: string; query: string; sources: Sources } {
  const { taskId, context, cooccurrenceQueries } = request;
  violations.check(taskId !== '' && taskId.length <= MAX_TASK, `${at}task_id`, `must have 1 to ${String(MAX_TASK)} characters`);
  violations.text(context?.query ?? '', `${at}context.query`);
  const history = (context?.history ?? []).map(({ query }) => query);
  return { taskId, query: context?.query ?? '', sources: { answer: context?.response ?? '', history, cooccurrence: cooccurrenceQueries } };
}

function list(request: PredictListRequest, at: string, violations: Violations): ShownList {
  const head = checkHead(request, at, violations);
  violations.texts(request.queries, `${at}queries`, 1, MAX_QUERIES);
  return { ...head, queries: request.queries };
}

function step(request: PredictNextRequest, at: string, violations: Violations): NextStep {
  const head = checkHead(request, at, violations);
  violations.texts(request.chosenQueries, `${at}chosen_queries`, 0, MAX_CHOSEN);
  violations.texts(request.candidates, `${at}candidates`, 1, MAX_CANDIDATES);
  return { ...head, chosen: request.chosenQueries, candidates: request.candidates };
}

function batch<R, T>(
  requests: readonly R[],
  textsOf: (request: R) => readonly string[],
  parse: (request: R, at: string, violations: Violations) => T,
): T[] {
  const violations = new Violations();
  const inAll = requests.reduce((sum, request) => sum + textsOf(request).length, 0);
  const size = `has ${String(requests.length)} entries with ${String(inAll)} texts to score`;
  violations.check(
    requests.length >= 1 && requests.length <= MAX_REQUESTS && inAll <= MAX_TEXTS_IN_ALL,
    'requests',
    `${size}; it takes 1 to ${MAX_REQUESTS.toLocaleString('en')} entries with at most ${MAX_TEXTS_IN_ALL.toLocaleString('en')} texts in all`,
  );
  const parsed = requests.slice(0, MAX_REQUESTS).map((request, i) => parse(request, `requests[${String(i)}].`, violations));
  violations.throwIfAny();
  return parsed;
}

function single<R, T>(request: R, parse: (request: R, at: string, violations: Violations) => T): T {
  const violations = new Violations();
  const parsed = parse(request, '', violations);
  violations.throwIfAny();
  return parsed;
}

/** @throws InvalidRequestError with every violation, as do all of these */
export function parseList(request: PredictListRequest): ShownList {
  return single(request, list);
}

export function parseNext(request: PredictNextRequest): NextStep {
  return single(request, step);
}

export function parseLists({ requests }: BatchPredictListRequest): ShownList[] {
  return batch(requests, (request) => request.queries, list);
}

export function parseSteps({ requests, ...shared }: BatchPredictNextRequest): NextStep[] {
  return batch(
    requests,
    (request) => request.candidates,
    (request, at, violations) => step(withShared(request, shared), at, violations),
  );
}

/** The request with what it has in common with the others of its batch, where it has nothing of its own. */
function withShared(
  request: PredictNextRequest,
  { taskId, context, cooccurrenceQueries }: Omit<BatchPredictNextRequest, 'requests'>,
): PredictNextRequest {
  return {
    ...request,
    taskId: request.taskId === '' ? taskId : request.taskId,
    ...((request.context ?? context) && { context: request.context ?? context }),
    cooccurrenceQueries: request.cooccurrenceQueries.length === 0 ? cooccurrenceQueries : request.cooccurrenceQueries,
  };
}

/** As parseLists, for any number of lists. */
export function parseStream({ requests }: StreamPredictListRequest): ShownList[] {
  const violations = new Violations();
  violations.check(requests.length > 0, 'requests', 'must not be empty');
  const lists = requests.map((request, i) => list(request, `requests[${String(i)}].`, violations));
  violations.throwIfAny();
  return lists;
}

/** The version to load; undefined for the one that a channel names. @throws InvalidRequestError */
export function parseVersion({ version }: ReloadModelRequest | StartShadowRequest): string | undefined {
  if (version === '') return undefined;
  const violations = new Violations();
  const rule = 'must be a version of the registry: 1 to 80 lower-case letters, digits, ".", "_" or "-"';
  violations.check(versionName.safeParse(version).success, 'version', `${rule}; list them with: gqr models list --kind ctr`);
  violations.throwIfAny();
  return version;
}
