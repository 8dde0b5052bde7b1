import { type FieldViolation, InvalidRequestError } from '@gqr/chassis/errors';
import type { ListRunsRequest, ModelId as ModelIdMessage } from '@gqr/protos/gqr/trainer/v1/trainer';

const MAX_RUNS = 1_000;
const DEFAULT_RUNS = 50;

function refuse(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw new InvalidRequestError(violations);
}

/** @throws InvalidRequestError */
export function parseRequired(field: string, value: string): string {
  refuse(value === '' ? [{ field, description: 'is required' }] : []);
  return value;
}

/** @throws InvalidRequestError */
export function parseLimit({ limit }: ListRunsRequest): number {
  refuse(
    limit > MAX_RUNS
      ? [{ field: 'limit', description: `is ${String(limit)}; must be 1 to ${String(MAX_RUNS)}, or 0 for ${String(DEFAULT_RUNS)}` }]
      : [],
  );
  return limit || DEFAULT_RUNS;
}

/** An id of which the version may be left out. @throws InvalidRequestError */
export function parseModelKind(id: ModelIdMessage | undefined): { kind: string; version: string } {
  return { kind: parseRequired('id.kind', id?.kind ?? ''), version: id?.version ?? '' };
}

/** @throws InvalidRequestError */
export function parseModelId(id: ModelIdMessage | undefined): { kind: string; version: string } {
  const { kind, version } = parseModelKind(id);
  return { kind, version: parseRequired('id.version', version) };
}

/** @throws InvalidRequestError unless a list has 1 to `most` entries */
export function parseCount(field: string, count: number, most: number): void {
  const bounds = `1 to ${most.toLocaleString('en')}`;
  refuse(count < 1 || count > most ? [{ field, description: `has ${String(count)} entries; must have ${bounds}` }] : []);
}
