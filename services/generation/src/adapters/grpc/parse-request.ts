import { randomBytes } from 'node:crypto';
import {
  type DecodingOptions,
  type GenerateRequest,
  PoolKey,
  type ProposeNextRequest,
  type ScoreResponseRequest,
} from '@gqr/protos/gqr/generation/v1/generation';
import type { CandidateSearch } from '../../domain/backend/language-backend.js';
import type { GenerateOrder } from '../../domain/generate/generate-list.js';
import type { ProposeOrder } from '../../domain/generate/propose-next.js';
import type { ScoreOrder } from '../../domain/generate/score-response.js';
import { neutralise } from '../../domain/prompt/neutralise.js';
import type { Decoding, Task } from '../../domain/tasks/task.js';
import { checkAuxiliary, MAX_HISTORY, MAX_QUERY, parseExamples, parseInputs, Violations } from './parse-instance.js';

const MAX_CANDIDATES = 64;
const MAX_POOL = 64;

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
  const examples = parseExamples(task, request.examples, violations);
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
    examples,
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
  checkAuxiliary(task, request.auxiliaryTexts, '', violations);
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
  checkAuxiliary(task, request.auxiliaryTexts, '', violations);
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
