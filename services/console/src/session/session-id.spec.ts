import { expect, it } from 'vitest';
import { newSessionId } from './session-id.js';

it('makes a different UUID of version 4 each time', () => {
  const ids = Array.from({ length: 100 }, newSessionId);
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(100);
});
