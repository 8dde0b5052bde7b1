import type { Click, Event, EventKind, Impression, UserQuery } from '../../domain/events/event.js';
import { normalise } from '@gqr/chassis/text/normalise';
import type { StoredEvent } from '../../domain/ingest/event-store.js';

/** Columns of the Parquet files, with DuckDB's types. New columns go to the end; old files then have nulls there. */
export const columns: Readonly<Record<EventKind, Readonly<Record<string, string>>>> = {
  'user-query': {
    event_id: 'VARCHAR',
    session_id: 'VARCHAR',
    user_id: 'VARCHAR',
    occurred_at: 'TIMESTAMP',
    query: 'VARCHAR',
    query_key: 'VARCHAR',
    origin: 'VARCHAR',
    traffic: 'VARCHAR',
    log_offset: 'BIGINT',
  },
  impression: {
    impression_id: 'VARCHAR',
    session_id: 'VARCHAR',
    user_id: 'VARCHAR',
    occurred_at: 'TIMESTAMP',
    task_id: 'VARCHAR',
    query: 'VARCHAR',
    response: 'VARCHAR',
    history: 'STRUCT(query VARCHAR, response VARCHAR)[]',
    side_information: 'MAP(VARCHAR, VARCHAR)',
    cooccurrence_queries: 'VARCHAR[]',
    queries: 'VARCHAR[]',
    query_count: 'INTEGER',
    shown: 'STRUCT("position" INTEGER, source VARCHAR, click_probability DOUBLE, log_propensity DOUBLE)[]',
    auxiliary_texts: 'MAP(VARCHAR, VARCHAR)',
    model_versions: 'STRUCT(kind VARCHAR, version VARCHAR)[]',
    prompt_version: 'VARCHAR',
    decoding: 'STRUCT(temperature DOUBLE, top_p DOUBLE, min_p DOUBLE, seed UBIGINT, pool_size INTEGER)',
    experiment_arms: 'STRUCT(experiment VARCHAR, arm VARCHAR)[]',
    degraded_reason: 'VARCHAR',
    traffic: 'VARCHAR',
    log_offset: 'BIGINT',
  },
  click: {
    event_id: 'VARCHAR',
    impression_id: 'VARCHAR',
    session_id: 'VARCHAR',
    occurred_at: 'TIMESTAMP',
    position: 'INTEGER',
    traffic: 'VARCHAR',
    log_offset: 'BIGINT',
  },
};

function userQueryRow(event: UserQuery): object {
  return {
    event_id: event.eventId,
    session_id: event.sessionId,
    user_id: event.userId,
    query: event.query,
    query_key: normalise(event.query),
    origin: event.origin,
  };
}

function impressionRow(event: Impression): object {
  const { decoding } = event;
  return {
    impression_id: event.impressionId,
    session_id: event.sessionId,
    user_id: event.userId,
    task_id: event.taskId,
    query: event.query,
    response: event.response,
    history: event.history.map(({ query, response }) => ({ query, response })),
    side_information: event.sideInformation,
    cooccurrence_queries: event.cooccurrenceQueries,
    queries: event.queries.map(({ text }) => text),
    query_count: event.queries.length,
    shown: event.queries.map(({ position, source, clickProbability, logPropensity }) => ({
      position,
      source,
      click_probability: clickProbability,
      log_propensity: logPropensity,
    })),
    auxiliary_texts: event.auxiliaryTexts,
    model_versions: event.modelVersions.map(({ kind, version }) => ({ kind, version })),
    prompt_version: event.promptVersion,
    decoding: decoding && {
      temperature: decoding.temperature,
      top_p: decoding.topP,
      min_p: decoding.minP,
      seed: String(decoding.seed),
      pool_size: decoding.poolSize,
    },
    experiment_arms: event.experimentArms.map(({ experiment, arm }) => ({ experiment, arm })),
    degraded_reason: event.degradedReason,
  };
}

function clickRow(event: Click): object {
  return { event_id: event.eventId, impression_id: event.impressionId, session_id: event.sessionId, position: event.position };
}

function rowOf(event: Event): object {
  switch (event.kind) {
    case 'user-query':
      return userQueryRow(event);
    case 'impression':
      return impressionRow(event);
    case 'click':
      return clickRow(event);
  }
}

/** An event as a line of JSON with the columns of its kind; `occurred_at` in microseconds since the epoch. */
export function toLine({ event, offset }: StoredEvent): string {
  const row = { ...rowOf(event), occurred_at: event.occurredAt * 1000, traffic: event.traffic, log_offset: offset };
  return `${JSON.stringify(row)}\n`;
}

/** Day of an event in UTC, YYYY-MM-DD. */
export function dayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}
