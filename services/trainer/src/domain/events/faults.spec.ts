import { describe, expect, it } from 'vitest';
import type { Click, Event, Impression, UserQuery } from './event.js';
import { faultsOf } from './faults.js';

const NOW = Date.UTC(2026, 10, 23);
const bounds = { now: NOW, maxAheadMs: 86_400_000 };

const query: UserQuery = {
  kind: 'user-query',
  eventId: 'e1',
  sessionId: 's1',
  userId: '',
  occurredAt: NOW,
  query: 'tomato blight',
  origin: 'typed',
  traffic: 'live',
};
const impression: Impression = {
  kind: 'impression',
  impressionId: 'i1',
  sessionId: 's1',
  userId: 'u1',
  occurredAt: NOW,
  taskId: 'suggestion',
  query: 'tomatoes',
  response: '',
  history: [],
  sideInformation: {},
  cooccurrenceQueries: [],
  queries: [
    { text: 'a', position: 1, source: 'generation', clickProbability: 0.2, logPropensity: -1 },
    { text: 'b', position: 2, source: 'popular' },
  ],
  auxiliaryTexts: {},
  modelVersions: [],
  promptVersion: '',
  experimentArms: [],
  degradedReason: '',
  traffic: 'simulated',
};
const click: Click = { kind: 'click', eventId: 'i1#2', impressionId: 'i1', sessionId: '', occurredAt: NOW, position: 2, traffic: 'live' };

const fieldsOf = (event: Event): string[] => faultsOf(event, bounds).map(({ field }) => field);
const shown = (...positions: number[]): Impression['queries'] =>
  positions.map((position) => ({ text: 'q', position, source: 'generation' }));

describe('an event', () => {
  it('passes when it keeps the contract', () => {
    expect([query, impression, click].flatMap((event) => faultsOf(event, bounds))).toEqual([]);
  });

  it.each<[string, Event, string[]]>([
    ['no ids', { ...query, eventId: '', sessionId: ' ' }, ['event_id', 'session_id']],
    ['an empty query', { ...query, query: ' ' }, ['query']],
    ['a query of 2,001 characters', { ...query, query: '🍅'.repeat(2_001) }, ['query']],
    ['half a surrogate pair', { ...query, query: 'tomato \ud83c' }, ['query']],
    ['no moment', { ...query, occurredAt: NaN }, ['occurred_at']],
    ['seconds for milliseconds', { ...query, occurredAt: NOW / 1000 }, ['occurred_at']],
    ['a moment two days ahead', { ...query, occurredAt: NOW + 2 * 86_400_000 }, ['occurred_at']],
    ['an empty list', { ...impression, queries: [] }, ['queries']],
    ['a list of 101', { ...impression, queries: shown(...Array.from({ length: 101 }, (_, index) => index + 1)) }, ['queries']],
    ['positions from 0', { ...impression, queries: shown(0, 1) }, ['queries[0].position', 'queries[1].position']],
    ['a gap in positions', { ...impression, queries: shown(1, 3) }, ['queries[1].position']],
    [
      'a probability above 1',
      { ...impression, queries: [{ text: 'q', position: 1, source: 'generation', clickProbability: 1.2 }] },
      ['queries[0].click_probability'],
    ],
    [
      'a propensity that is no logarithm',
      { ...impression, queries: [{ text: 'q', position: 1, source: 'generation', logPropensity: 0.3 }] },
      ['queries[0].log_propensity'],
    ],
    ['201 turns', { ...impression, history: Array.from({ length: 201 }, () => ({ query: 'q', response: '' })) }, ['context.history']],
    ['a response of 20,001 characters', { ...impression, response: 'x'.repeat(20_001) }, ['context.response']],
    ['no task', { ...impression, taskId: '' }, ['task_id']],
    ['temperature infinity', { ...impression, decoding: { temperature: Infinity, topP: 1, minP: 0, seed: 1n, poolSize: 0 } }, ['decoding']],
    ['a click at 0', { ...click, position: 0, eventId: 'i1#0' }, ['position']],
    ['a click whose id is made up', { ...click, eventId: 'x' }, ['event_id']],
  ])('is refused with %s', (_what, event, fields) => {
    expect(fieldsOf(event)).toEqual(fields);
  });
});
