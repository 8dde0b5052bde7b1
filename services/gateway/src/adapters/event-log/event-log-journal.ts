import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { CallEndedError } from '@gqr/chassis/errors';
import type { AppendOptions, EventLog, NewRecord } from '@gqr/chassis/event-log/event-log';
import type { CallLimits } from '@gqr/chassis/grpc/call';
import {
  ClickSchema,
  ImpressionSchema,
  QueryOrigin as OriginMessage,
  Source as SourceMessage,
  Traffic as TrafficMessage,
  UserQuerySchema,
} from '@gqr/protos/gqr/events/v1/events';
import { abandonable } from '../../domain/abandonable.js';
import { DependencyError } from '../../domain/dependency-error.js';
import type { Click, Impression, Journal, UserQuery } from '../../domain/journal.js';

const TOPICS = { userQueries: 'gqr.user-queries.v1', impressions: 'gqr.impressions.v1', clicks: 'gqr.clicks.v1' } as const;
const HEADERS = { 'content-type': 'application/x-protobuf' } as const;

const TRAFFIC = { live: TrafficMessage.LIVE, simulated: TrafficMessage.SIMULATED } as const;
const ORIGIN = { typed: OriginMessage.TYPED, recommendation: OriginMessage.RECOMMENDATION } as const;
const SOURCE = {
  generation: SourceMessage.GENERATION,
  cooccurrence: SourceMessage.COOCCURRENCE,
  popular: SourceMessage.POPULAR,
} as const;

function toRecord<S extends DescMessage>(topic: string, key: string, schema: S, event: MessageInitShape<S>): NewRecord {
  return { topic, key, value: toBinary(schema, create(schema, event)), headers: HEADERS };
}

function userQueryRecord(query: UserQuery): NewRecord {
  return toRecord(TOPICS.userQueries, query.sessionId, UserQuerySchema, {
    ...query,
    occurredAt: timestampFromMs(query.occurredAt),
    origin: ORIGIN[query.origin],
    traffic: TRAFFIC[query.traffic],
  });
}

function impressionRecord({ context, ...impression }: Impression): NewRecord {
  return toRecord(TOPICS.impressions, impression.sessionId, ImpressionSchema, {
    impressionId: impression.impressionId,
    sessionId: impression.sessionId,
    userId: impression.userId,
    occurredAt: timestampFromMs(impression.occurredAt),
    taskId: impression.taskId,
    context: { ...context, history: [...context.history], sideInformation: { ...context.sideInformation } },
    cooccurrenceQueries: [...impression.cooccurrenceQueries],
    queries: impression.queries.map(({ text, position, source, clickProbability, logPropensity }) => ({
      text,
      position,
      source: SOURCE[source],
      ...(clickProbability !== undefined && { clickProbability }),
      ...(logPropensity !== undefined && { logPropensity }),
    })),
    auxiliaryTexts: { ...impression.auxiliaryTexts },
    modelVersions: [...impression.modelVersions],
    promptVersion: impression.promptVersion,
    ...(impression.decoding && { decoding: { ...impression.decoding } }),
    degradedReason: impression.degradedReason,
    traffic: TRAFFIC[impression.traffic],
  });
}

/** A click keeps its order within its session; one without a session, within its impression. */
function clickRecord(click: Click): NewRecord {
  return toRecord(TOPICS.clicks, click.sessionId === '' ? click.impressionId : click.sessionId, ClickSchema, {
    ...click,
    occurredAt: timestampFromMs(click.occurredAt),
    traffic: TRAFFIC[click.traffic],
  });
}

/** The event log as the journal: one message type a topic, keyed by session. */
export class EventLogJournal implements Journal {
  /**
   * @param options.syncLists whether a list waits until the disk has its record. Clicks always do, and with them the list they are on.
   * @param options.onError told of every append that failed, and why
   */
  constructor(
    private readonly log: EventLog,
    private readonly options: { readonly syncLists: boolean; readonly onError: (error: unknown) => void },
  ) {}

  async recordRecommendation(query: UserQuery, impression: Impression | undefined, limits: CallLimits): Promise<void> {
    const records = [userQueryRecord(query), ...(impression ? [impressionRecord(impression)] : [])];
    await this.append(records, limits, { synced: this.options.syncLists });
  }

  async recordClicks(clicks: readonly Click[], limits: CallLimits): Promise<void> {
    await this.append(clicks.map(clickRecord), limits);
  }

  private async append(records: readonly NewRecord[], { signal }: CallLimits, options?: AppendOptions): Promise<void> {
    try {
      await abandonable(this.log.append(records, options), signal);
    } catch (error) {
      if (error instanceof CallEndedError && error.why === 'cancelled') throw error;
      const fault = error instanceof CallEndedError ? 'timeout' : 'unavailable';
      this.options.onError(error);
      throw new DependencyError('log', fault, 'the event log cannot be written just now; nothing is acknowledged that is not in it');
    }
  }
}
