import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { someCall } from '../../../test/fake-gateway.js';
import { randomFor } from '../random/random.js';
import { StandInGateway } from './stand-in-gateway.js';

it('lets the rest of the service have its turn between two lists', async () => {
  const list = [{ text: 'a', query: 'a' }];
  const gateway = new StandInGateway('fixed', () => list, randomFor(1n, 'test', 0));
  let heard = 0;
  const other = (async () => {
    for (let n = 0; n < 5; n++) {
      await setImmediate();
      heard++;
    }
  })();
  for (let n = 0; n < 5; n++) expect(await gateway.recommend(someCall)).toMatchObject({ queries: list, policy: 'fixed' });
  expect(heard).toBeGreaterThanOrEqual(4);
  await other;
});
