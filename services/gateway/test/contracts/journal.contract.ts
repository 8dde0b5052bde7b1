import { unlimited } from '@gqr/chassis/grpc/call';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Click, Impression, Journal, UserQuery } from '../../src/domain/journal.js';
import { dependencyContract, type Subject } from './dependency.contract.js';

export interface JournalSubject extends Subject<Journal> {
  /** Ids of what was recorded, in order. */
  read(): Promise<{ queries: string[]; impressions: string[]; clicks: string[] }>;
}

export const query: UserQuery = {
  eventId: 'q1',
  sessionId: 's',
  userId: '',
  occurredAt: 1,
  query: 'solar panels',
  origin: 'typed',
  traffic: 'live',
};

const impression: Impression = {
  impressionId: 'i1',
  sessionId: 's',
  userId: '',
  occurredAt: 1,
  taskId: 'suggestion',
  context: { query: 'solar panels', response: '', history: [{ query: 'a', response: 'b' }], sideInformation: { locale: 'en' } },
  cooccurrenceQueries: [],
  queries: [{ text: 'solar panel price', position: 1, source: 'popular', clickProbability: undefined, logPropensity: undefined }],
  auxiliaryTexts: {},
  modelVersions: [],
  promptVersion: '',
  decoding: undefined,
  degradedReason: 'GENERATION_TIMEOUT',
  traffic: 'simulated',
};

export const click = (position: number): Click => ({
  eventId: `i1#${String(position)}`,
  impressionId: 'i1',
  sessionId: '',
  occurredAt: 1,
  position,
  traffic: 'live',
});

export function journalContract(name: string, open: () => Promise<JournalSubject>): void {
  dependencyContract(name, 'log', open, (journal, limits) => journal.recordClicks([click(1)], limits));
  describe(name, () => {
    let subject: JournalSubject;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(() => subject.close());

    it('has everything once it says so, in order', async () => {
      await subject.port.recordRecommendation(query, impression, unlimited);
      await subject.port.recordRecommendation({ ...query, eventId: 'q2' }, undefined, unlimited);
      await subject.port.recordClicks([click(2), click(1)], unlimited);
      expect(await subject.read()).toEqual({ queries: ['q1', 'q2'], impressions: ['i1'], clicks: ['i1#2', 'i1#1'] });
    });
  });
}
