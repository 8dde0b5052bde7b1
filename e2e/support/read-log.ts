import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { SqliteEventLog } from '@gqr/chassis/event-log/sqlite-event-log';
import { type Click, ClickSchema, type Impression, ImpressionSchema } from '@gqr/protos/gqr/events/v1/events';

const IMPRESSIONS = 'gqr.impressions.v1';
const CLICKS = 'gqr.clicks.v1';
const DEAD_LETTERS = 'gqr.dead-letters.v1';

/** What stands in the event log of a state folder. */
export async function readLog(dataDir: string): Promise<{ impressions: Impression[]; clicks: Click[]; deadLetters: number }> {
  const log = new SqliteEventLog({ path: join(dataDir, 'events.sqlite') });
  const found = { impressions: [] as Impression[], clicks: [] as Click[], deadLetters: 0 };
  const failed = Promise.withResolvers<never>();
  const subscription = await log.subscribe({
    group: `e2e-${String(process.hrtime.bigint())}`,
    topics: [IMPRESSIONS, CLICKS, DEAD_LETTERS],
    maxRecords: 1_000,
    lingerMs: 0,
    onBatch: async ({ topic, records }) => {
      for (const { value } of records) {
        if (topic === IMPRESSIONS) found.impressions.push(fromBinary(ImpressionSchema, value));
        else if (topic === CLICKS) found.clicks.push(fromBinary(ClickSchema, value));
        else found.deadLetters += 1;
      }
    },
    onError: failed.reject,
  });
  await Promise.race([subscription.flush(), failed.promise]);
  await subscription.close();
  await log.close();
  return found;
}
