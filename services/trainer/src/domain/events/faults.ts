import type { FieldViolation } from '@gqr/chassis/errors';
import type { Click, Event, Impression, ShownQuery, UserQuery } from './event.js';

/** Limits of the contract (`gqr.context.v1`, `gqr.events.v1`); lengths in Unicode code points. */
const MAX = {
  id: 200,
  sessionId: 128,
  query: 2_000,
  response: 20_000,
  turns: 200,
  sideTexts: 16,
  list: 100,
  names: 64,
  name: 200,
} as const;
/** Nothing was logged before this moment, so that seconds sent as milliseconds are noticed. */
const EARLIEST = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;

/** What events are held against. */
export interface Bounds {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How far ahead of `now` an event may be: clocks differ, and simulated ones more so. */
  readonly maxAheadMs: number;
}

type Fault = FieldViolation;

function longerThan(text: string, limit: number): boolean {
  // There are never more code points than code units.
  return text.length > limit && Array.from(text).length > limit;
}

function* textFaults(field: string, text: string, limit: number, required = false): Generator<Fault> {
  if (required && text.trim() === '') yield { field, description: 'is required' };
  if (longerThan(text, limit)) yield { field, description: `has more than ${String(limit)} characters; cut it` };
  if (!text.isWellFormed()) yield { field, description: 'holds half a surrogate pair; encode all texts as UTF-8' };
}

function* countFaults(field: string, count: number, limit: number): Generator<Fault> {
  if (count > limit) yield { field, description: `has ${String(count)} entries, at most ${String(limit)} are allowed` };
}

function* momentFaults(occurredAt: number, { now, maxAheadMs }: Bounds): Generator<Fault> {
  const field = 'occurred_at';
  if (Number.isNaN(occurredAt)) yield { field, description: 'is required' };
  else if (occurredAt < EARLIEST) yield { field, description: 'is before the year 2000; check its unit' };
  else if (occurredAt > now + maxAheadMs) {
    yield {
      field,
      description: `is more than ${(maxAheadMs / DAY_MS).toFixed(1)} days ahead of this machine's clock; check the unit and both clocks`,
    };
  }
}

function* mapFaults(field: string, map: Readonly<Record<string, string>>, limit: number): Generator<Fault> {
  yield* countFaults(field, Object.keys(map).length, MAX.sideTexts);
  for (const [key, value] of Object.entries(map)) {
    yield* textFaults(`${field} key`, key, MAX.name, true);
    yield* textFaults(`${field}[${JSON.stringify(key.slice(0, 40))}]`, value, limit);
  }
}

function* userQueryFaults(event: UserQuery, bounds: Bounds): Generator<Fault> {
  yield* textFaults('event_id', event.eventId, MAX.id, true);
  yield* textFaults('session_id', event.sessionId, MAX.sessionId, true);
  yield* textFaults('user_id', event.userId, MAX.sessionId);
  yield* momentFaults(event.occurredAt, bounds);
  yield* textFaults('query', event.query, MAX.query, true);
}

function* shownFaults(shown: ShownQuery, index: number): Generator<Fault> {
  const field = `queries[${String(index)}]`;
  yield* textFaults(`${field}.text`, shown.text, MAX.query, true);
  if (shown.position !== index + 1) {
    yield { field: `${field}.position`, description: `is ${String(shown.position)}; positions count from 1 without gaps, in order` };
  }
  const { clickProbability: p, logPropensity: l } = shown;
  if (p !== undefined && !(p >= 0 && p <= 1)) yield { field: `${field}.click_probability`, description: 'must be in [0, 1]' };
  if (l !== undefined && !(l <= 0 && Number.isFinite(l)))
    yield { field: `${field}.log_propensity`, description: 'must be finite and at most 0' };
}

function* decodingFaults({ decoding }: Impression): Generator<Fault> {
  if (decoding === undefined) return;
  const { temperature, topP, minP } = decoding;
  if (!Number.isFinite(temperature) || !Number.isFinite(topP) || !Number.isFinite(minP)) {
    yield { field: 'decoding', description: 'has a number that is not finite' };
  }
}

function* contextFaults(event: Impression): Generator<Fault> {
  yield* textFaults('context.query', event.query, MAX.query, true);
  yield* textFaults('context.response', event.response, MAX.response);
  yield* countFaults('context.history', event.history.length, MAX.turns);
  for (const [index, turn] of event.history.entries()) {
    yield* textFaults(`context.history[${String(index)}].query`, turn.query, MAX.query);
    yield* textFaults(`context.history[${String(index)}].response`, turn.response, MAX.response);
  }
  yield* mapFaults('context.side_information', event.sideInformation, MAX.query);
}

function* recordFaults(event: Impression): Generator<Fault> {
  yield* countFaults('cooccurrence_queries', event.cooccurrenceQueries.length, MAX.list);
  for (const [index, text] of event.cooccurrenceQueries.entries())
    yield* textFaults(`cooccurrence_queries[${String(index)}]`, text, MAX.query);
  yield* mapFaults('auxiliary_texts', event.auxiliaryTexts, MAX.query);
  yield* countFaults('model_versions', event.modelVersions.length, MAX.names);
  yield* countFaults('experiment_arms', event.experimentArms.length, MAX.names);
  const names = [
    ...event.modelVersions.flatMap(({ kind, version }) => [kind, version]),
    ...event.experimentArms.flatMap(({ experiment, arm }) => [experiment, arm]),
  ];
  for (const name of names) yield* textFaults('model_versions, experiment_arms', name, MAX.name);
  yield* textFaults('prompt_version', event.promptVersion, MAX.name);
  yield* textFaults('degraded_reason', event.degradedReason, MAX.query);
}

function* impressionFaults(event: Impression, bounds: Bounds): Generator<Fault> {
  yield* textFaults('impression_id', event.impressionId, MAX.id, true);
  yield* textFaults('session_id', event.sessionId, MAX.sessionId, true);
  yield* textFaults('user_id', event.userId, MAX.sessionId);
  yield* momentFaults(event.occurredAt, bounds);
  yield* textFaults('task_id', event.taskId, MAX.name, true);
  yield* contextFaults(event);
  if (event.queries.length === 0) yield { field: 'queries', description: 'is empty; a list that was not shown is no impression' };
  yield* countFaults('queries', event.queries.length, MAX.list);
  for (const [index, shown] of event.queries.entries()) yield* shownFaults(shown, index);
  yield* recordFaults(event);
  yield* decodingFaults(event);
}

function* clickFaults(event: Click, bounds: Bounds): Generator<Fault> {
  yield* textFaults('impression_id', event.impressionId, MAX.id, true);
  yield* textFaults('session_id', event.sessionId, MAX.sessionId);
  yield* momentFaults(event.occurredAt, bounds);
  if (event.position < 1 || event.position > MAX.list) {
    yield { field: 'position', description: `is ${String(event.position)}; positions count from 1 to ${String(MAX.list)}` };
  }
  const expected = `${event.impressionId}#${String(event.position)}`;
  if (event.eventId !== expected) yield { field: 'event_id', description: 'must be the impression id, "#" and the position' };
}

/** Everything that is wrong with an event; nothing if it can be learnt from. */
export function faultsOf(event: Event, bounds: Bounds): Fault[] {
  switch (event.kind) {
    case 'user-query':
      return [...userQueryFaults(event, bounds)];
    case 'impression':
      return [...impressionFaults(event, bounds)];
    case 'click':
      return [...clickFaults(event, bounds)];
  }
}
