import { expect, it } from 'vitest';
import { passedOver, type SessionList } from './passed-over.js';

const list = (impressionId: string, at: number, exchanges: number, sessionId = 's'): SessionList => ({
  impressionId,
  sessionId,
  at,
  exchanges,
});
const asked = (...moments: number[]) => moments.map((at) => ({ sessionId: 's', at }));

it('counts the lists since the last click, two under one query too', () => {
  const lists = [list('a', 1, 0), list('b', 1, 0), list('c', 2, 1), list('d', 3, 2), list('e', 4, 3)];
  expect(passedOver(lists, { asked: asked(1, 2, 3, 4), clicked: new Set(['c']) })).toEqual([0, 1, 2, 0, 1]);
});

it('counts nothing for a query under which nothing was shown', () => {
  expect(passedOver([list('a', 1, 0), list('b', 3, 2)], { asked: asked(1, 2, 3), clicked: new Set() })).toEqual([0, 1]);
});

it('goes by time and by session, not by the order of the log', () => {
  const lists = [list('b', 2, 1), list('x', 1, 0, 'other'), list('a', 1, 0)];
  expect(passedOver(lists, { asked: [...asked(1, 2), { sessionId: 'other', at: 1 }], clicked: new Set(['x']) })).toEqual([1, 0, 0]);
});

it('takes each earlier exchange for a list passed over where the log has not the whole session', () => {
  expect(passedOver([list('b', 2, 3)], { asked: asked(2), clicked: new Set() })).toEqual([3]);
  expect(passedOver([list('a', 1, 1, ''), list('b', 2, 1, '')], { asked: [], clicked: new Set() })).toEqual([1, 1]);
});
