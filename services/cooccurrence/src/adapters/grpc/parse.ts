import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';
import type { ListPopularRequest, RetrieveRequest } from '@gqr/protos/gqr/cooccurrence/v1/cooccurrence';

const MAX_QUERY = 2_000;
const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 8;

function* limitFaults(limit: number): Generator<FieldViolation> {
  if (limit > MAX_LIMIT)
    yield { field: 'limit', description: `is ${String(limit)}; must be 1 to ${String(MAX_LIMIT)}, or 0 for ${String(DEFAULT_LIMIT)}` };
}

function* queryFaults(query: string): Generator<FieldViolation> {
  if (query.trim() === '') yield { field: 'query', description: 'is required' };
  // Code points never outnumber code units, so that most queries need not be counted.
  else if (query.length > MAX_QUERY && Array.from(query).length > MAX_QUERY)
    yield { field: 'query', description: `must have at most ${String(MAX_QUERY)} characters` };
}

function refuse(faults: readonly FieldViolation[]): void {
  if (faults.length > 0) throw new InvalidRequestError(faults);
}

/** @throws InvalidRequestError */
export function parseRetrieve(request: RetrieveRequest): { query: string; limit: number } {
  refuse([...queryFaults(request.query), ...limitFaults(request.limit)]);
  return { query: request.query, limit: request.limit || DEFAULT_LIMIT };
}

/** @throws InvalidRequestError */
export function parseLimit(request: ListPopularRequest): number {
  refuse([...limitFaults(request.limit)]);
  return request.limit || DEFAULT_LIMIT;
}
