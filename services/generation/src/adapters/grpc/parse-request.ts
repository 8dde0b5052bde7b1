import { randomBytes } from 'node:crypto';
import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';
import type { SearchContext } from '@gqr/protos/gqr/context/v1/context';
import {
  type DecodingOptions,
  type GenerateRequest,
  PoolKey,
  type PromptInstance,
  type ProposeNextRequest,
  type ScoreResponseRequest,
} from '@gqr/protos/gqr/generation/v1/generation';
import type { CandidateSearch } from '../../domain/backend/language-backend.js';
import type { GenerateOrder } from '../../domain/generate/generate-list.js';
import type { ProposeOrder } from '../../domain/generate/propose-next.js';
import type { ScoreOrder } from '../../domain/generate/score-response.js';
import type { PromptInputs } from '../../domain/prompt/budget.js';
import { neutralise } from '../../domain/prompt/neutralise.js';
import { type Decoding, sideInformationOf, type Task } from '../../domain/tasks/task.js';

const MAX_QUERY = 2_000;
/** Characters that must be left for a completion. */
const MIN_COMPLETION = 20;
const MAX_RESPONSE = 20_000;
const MAX_HISTORY = 200;
const MAX_COOCCURRENCE = 100;
const MAX_CANDIDATES = 64;
const MAX_POOL = 64;

/** Collects everything that is wrong with a request, so that a caller learns of all of it at once. */
class Violations {
  private readonly found: FieldViolation[] = [];

  check(holds: boolean, field: string, description: string): void {
    if (!holds) this.found.push({ field, description });
  }

  text(value: string, field: string, max: number): void {
    const length = Array.from(value).length; // code points, as the contract counts
    this.check(length <= max, field, `has ${String(length)} characters; at most ${String(max)} are allowed`);
  }

  /** @throws InvalidRequestError */
  throwIfAny(): void {
    if (this.found.length > 0) throw new InvalidRequestError(this.found);
  }
}

function parseInputs(
  task: Task,
  context: SearchContext | undefined,
  cooccurrence: readonly string[],
  at: string,
  violations: Violations,
): PromptInputs {
  const query = context?.query ?? '';
  violations.check(neutralise(query) !== '', `${at}context.query`, 'must not be empty');
  violations.text(query, `${at}context.query`, MAX_QUERY);
  if (task.query.completes) {
    const max = task.query.maxCharacters - MIN_COMPLETION;
    violations.check(
      Array.from(query).length <= max,
      `${at}context.query`,
      `is too long to be completed by task ${task.id}: at most ${String(max)} characters`,
    );
  }
  violations.text(context?.response ?? '', `${at}context.response`, MAX_RESPONSE);
  const history = context?.history ?? [];
  violations.check(
    history.length <= MAX_HISTORY,
    `${at}context.history`,
    `has ${String(history.length)} turns; send the latest ${String(MAX_HISTORY)}`,
  );
  history.slice(0, MAX_HISTORY).forEach((turn, i) => {
    violations.text(turn.query, `${at}context.history[${String(i)}].query`, MAX_QUERY);
  });
  violations.check(
    cooccurrence.length <= MAX_COOCCURRENCE,
    `${at}cooccurrence_queries`,
    `has ${String(cooccurrence.length)} entries; send the best ${String(MAX_COOCCURRENCE)}`,
  );
  const declared = sideInformationOf(task);
  const sideInformation = context?.sideInformation ?? {};
  for (const [name, value] of Object.entries(sideInformation)) {
    const known = declared.length === 0 ? 'it takes none' : `it takes: ${declared.join(', ')}`;
    violations.check(
      declared.includes(name),
      `${at}context.side_information[${JSON.stringify(name)}]`,
      `is not declared by task ${task.id}; ${known}`,
    );
    violations.text(value, `${at}context.side_information[${JSON.stringify(name)}]`, MAX_QUERY);
  }
  return { query, response: context?.response ?? '', history: history.map((turn) => turn.query), cooccurrence, sideInformation };
}

function parseCount(task: Task, count: number, violations: Violations): number | undefined {
  violations.check(
    count <= task.count.max,
    'count',
    `is ${String(count)}; task ${task.id} writes at most ${String(task.count.max)} queries`,
  );
  return count === 0 ? undefined : count;
}

function parseDecoding(decoding: DecodingOptions | undefined, violations: Violations): Partial<Decoding> {
  const { temperature, topP, minP, repetitionPenalty, diversity } = decoding ?? {};
  const within = (value: number | undefined, field: string, holds: (value: number) => boolean, range: string): void => {
    violations.check(value === undefined || holds(value), `decoding.${field}`, `is ${String(value)}; must be in ${range}`);
  };
  within(temperature, 'temperature', (value) => value >= 0 && value <= 2, '[0, 2]');
  within(topP, 'top_p', (value) => value > 0 && value <= 1, '(0, 1]');
  within(minP, 'min_p', (value) => value >= 0 && value < 1, '[0, 1)');
  within(repetitionPenalty, 'repetition_penalty', (value) => value >= 1 && value <= 2, '[1, 2]');
  within(diversity, 'diversity', (value) => value >= 0 && value <= 2, '[0, 2]');
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(minP !== undefined && { minP }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    ...(diversity !== undefined && { diversity }),
  };
}

function seedOf(decoding: DecodingOptions | undefined): bigint {
  return decoding?.seed ?? randomBytes(8).readBigUInt64BE();
}

/** @throws InvalidRequestError with every violation */
export function parseGenerate(task: Task, request: GenerateRequest): GenerateOrder {
  const violations = new Violations();
  const inputs = parseInputs(task, request.context, request.cooccurrenceQueries, '', violations);
  const count = parseCount(task, request.count, violations);
  const decoding = parseDecoding(request.decoding, violations);
  const size = request.pool?.size ?? 0;
  violations.check(size <= MAX_POOL, 'pool.size', `is ${String(size)}; at most ${String(MAX_POOL)} lists are kept`);
  violations.check(
    request.excludedQueries.length <= MAX_HISTORY,
    'excluded_queries',
    `has ${String(request.excludedQueries.length)} entries; at most ${String(MAX_HISTORY)} are allowed`,
  );
  violations.throwIfAny();
  return {
    task,
    inputs,
    count,
    policyVersion: request.policyVersion,
    decoding,
    seed: seedOf(request.decoding),
    excluded: request.excludedQueries,
    pool: { size, key: request.pool?.key === PoolKey.QUERY ? 'query' : 'prompt' },
  };
}

/** @throws InvalidRequestError with every violation */
export function parsePropose(task: Task, request: ProposeNextRequest): ProposeOrder {
  const violations = new Violations();
  const inputs = parseInputs(task, request.context, request.cooccurrenceQueries, '', violations);
  const count = parseCount(task, request.count, violations);
  const decoding = parseDecoding(request.decoding, violations);
  const wanted = count ?? task.count.default;
  violations.check(
    request.chosenQueries.length < wanted,
    'chosen_queries',
    `has ${String(request.chosenQueries.length)} queries of a list of ${String(wanted)}; at least one must be left to propose`,
  );
  violations.check(
    request.candidates >= 1 && request.candidates <= MAX_CANDIDATES,
    'candidates',
    `is ${String(request.candidates)}; must be 1 to ${String(MAX_CANDIDATES)}`,
  );
  checkAuxiliary(task, request.auxiliaryTexts, violations);
  const search = parseSearch(request, violations);
  violations.throwIfAny();
  return {
    task,
    inputs,
    count,
    search,
    auxiliaryTexts: request.auxiliaryTexts,
    chosen: request.chosenQueries,
    candidates: request.candidates,
    policyVersion: request.policyVersion,
    decoding,
    seed: seedOf(request.decoding),
  };
}

function parseSearch({ diverseBeams, candidates }: ProposeNextRequest, violations: Violations): CandidateSearch {
  if (diverseBeams === undefined) return { kind: 'sample' };
  const { groups, similarityPenalty } = diverseBeams;
  violations.check(
    groups >= 1 && groups <= Math.max(1, candidates),
    'diverse_beams.groups',
    `is ${String(groups)}; must be 1 to the number of candidates`,
  );
  violations.check(
    similarityPenalty >= 0 && similarityPenalty <= 10,
    'diverse_beams.similarity_penalty',
    `is ${String(similarityPenalty)}; must be in [0, 10]`,
  );
  return { kind: 'diverse-beam', groups, similarityPenalty };
}

/** @throws InvalidRequestError with every violation */
export function parseScore(task: Task, request: ScoreResponseRequest): ScoreOrder {
  const violations = new Violations();
  const inputs = parseInputs(task, request.context, request.cooccurrenceQueries, '', violations);
  checkAuxiliary(task, request.auxiliaryTexts, violations);
  violations.check(request.queries.length >= 1, 'queries', 'must hold at least one query');
  violations.check(
    request.queries.length <= task.count.max,
    'queries',
    `has ${String(request.queries.length)} entries; at most ${String(task.count.max)}`,
  );
  request.queries.forEach((query, i) => {
    violations.check(neutralise(query) !== '', `queries[${String(i)}]`, 'must not be empty');
    violations.text(query, `queries[${String(i)}]`, MAX_QUERY);
  });
  violations.throwIfAny();
  return {
    task,
    inputs,
    auxiliaryTexts: request.auxiliaryTexts,
    queries: request.queries,
    policyVersion: request.policyVersion,
  };
}

/** An instance of RenderPrompts. */
export interface PromptOrder {
  readonly inputs: PromptInputs;
  readonly auxiliaryTexts: Readonly<Record<string, string>>;
  readonly queries: readonly string[];
  readonly count: number;
}

/** @throws InvalidRequestError with every violation */
export function parsePrompts(task: Task, instances: readonly PromptInstance[]): PromptOrder[] {
  const violations = new Violations();
  violations.check(
    instances.length >= 1 && instances.length <= 1_000,
    'instances',
    `has ${String(instances.length)} entries; must have 1 to 1,000`,
  );
  const orders = instances.map((instance, i): PromptOrder => {
    const inputs = parseInputs(task, instance.context, instance.cooccurrenceQueries, `instances[${String(i)}].`, violations);
    checkAuxiliary(task, instance.auxiliaryTexts, violations);
    const count = instance.count || instance.queries.length || task.count.default;
    violations.check(count <= task.count.max, `instances[${String(i)}].count`, `is ${String(count)}; at most ${String(task.count.max)}`);
    return { inputs, auxiliaryTexts: instance.auxiliaryTexts, queries: instance.queries, count };
  });
  violations.throwIfAny();
  return orders;
}

function checkAuxiliary(task: Task, texts: Readonly<Record<string, string>>, violations: Violations): void {
  const known = task.auxiliaryTexts.map(({ name }) => name);
  for (const name of Object.keys(texts)) {
    const has = known.length === 0 ? 'it has none' : `it has: ${known.join(', ')}`;
    violations.check(known.includes(name), `auxiliary_texts[${JSON.stringify(name)}]`, `is no auxiliary text of task ${task.id}; ${has}`);
  }
}
