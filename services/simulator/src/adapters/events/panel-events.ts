import { clone, create, fromJsonString } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { type Event, EventSchema, type Impression, ImpressionSchema, ShownQuerySchema } from '@gqr/protos/gqr/events/v1/events';
import type { PanelSource, Situation } from '../../domain/truth/panel.js';

/** An impression of a log, with what a panel needs of it at hand. */
export interface LoggedList extends PanelSource {
  readonly impression: Impression;
}

/** The impressions among the lines of event files. Bad lines throw: `npx gqr events import --dry-run` names them. */
export function panelSources(lines: readonly string[]): LoggedList[] {
  return lines.flatMap((line): LoggedList[] => {
    if (!line.includes('"impression"')) return [];
    const { event } = fromJsonString(EventSchema, line);
    if (event.case !== 'impression') return [];
    const { taskId: task, context, occurredAt, queries } = event.value;
    const at = occurredAt === undefined ? 0 : timestampMs(occurredAt);
    return [{ impression: event.value, task, query: context?.query ?? '', at, texts: queries.map(({ text }) => text) }];
  });
}

/**
 * An impression for each candidate: that of the situation, with the candidate as its only query. Their sessions are their own, so that the
 * lists of one log are not taken for lists of another's session.
 */
export function panelEvents(situations: readonly Situation<LoggedList>[]): Event[] {
  return situations.flatMap(({ list: { impression }, texts }, number) =>
    texts.map((text, place) => {
      const shown = clone(ImpressionSchema, impression);
      shown.impressionId = `panel-${number}-${place}`;
      shown.sessionId = `panel-${number}`;
      shown.queries = [create(ShownQuerySchema, { text, position: 1 })];
      return create(EventSchema, { event: { case: 'impression', value: shown } });
    }),
  );
}
