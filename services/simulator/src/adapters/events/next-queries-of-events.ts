import { timestampMs } from '@bufbuild/protobuf/wkt';
import { type Event, QueryOrigin } from '@gqr/protos/gqr/events/v1/events';
import type { NightlyNextQueries } from '../../domain/starter/nightly-next-queries.js';

/** As many as the shipped tasks show their models. */
const MOST = 8;

/** Writes into each impression of a log in order of time what was known, the night before, to follow its query. */
export function addNextQueries(events: readonly Event[], known: NightlyNextQueries): void {
  for (const { event } of events) {
    if (event.value?.occurredAt === undefined) continue;
    const at = timestampMs(event.value.occurredAt);
    if (event.case === 'userQuery') {
      const { sessionId, query, origin } = event.value;
      known.add({ sessionId, query, typed: origin === QueryOrigin.TYPED, at });
    }
    if (event.case === 'impression') event.value.cooccurrenceQueries = known.after(event.value.context?.query ?? '', at, MOST);
  }
}
