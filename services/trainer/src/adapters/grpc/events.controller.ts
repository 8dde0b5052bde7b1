import type { MessageInitShape } from '@bufbuild/protobuf';
import { limitsOf } from '@gqr/chassis/grpc/call';
import { statusOf } from '@gqr/chassis/grpc/error-table';
import { noteRpc } from '@gqr/chassis/grpc/rpc-event';
import { toServiceError } from '@gqr/chassis/grpc/status';
import { LOGGER } from '@gqr/chassis/service/chassis.module';
import { type Event as EventMessage, EventSchema } from '@gqr/protos/gqr/events/v1/events';
import type {
  EventFaultSchema,
  ImportEventsRequest,
  ImportEventsResponseSchema,
  ValidateEventsRequest,
  ValidateEventsResponseSchema,
} from '@gqr/protos/gqr/trainer/v1/trainer';
import { toBinary } from '@bufbuild/protobuf';
import type { sendUnaryData, ServerReadableStream } from '@grpc/grpc-js';
import { Controller, Inject } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import type { Logger } from 'pino';
import type { Bounds } from '../../domain/events/faults.js';
import { type EventFault, EventImporter, type SentEvent, validateEvents } from '../../domain/ingest/import-events.js';
import { fromEventMessage } from '../protobuf/event-codec.js';
import { errorTable } from './error-table.js';
import { parseCount } from './parse.js';

const SERVICE = 'TrainerService';
const MAX_VALIDATED = 10_000;
const MAX_PORTION = 1_000;

/** Token of the bounds that events are held against at a moment. */
export const BOUNDS = Symbol('BOUNDS');

function toSent(message: EventMessage): SentEvent {
  return fromEventMessage(message) ?? { event: undefined, payload: toBinary(EventSchema, message) };
}

function faultMessage({ index, field, description }: EventFault): MessageInitShape<typeof EventFaultSchema> {
  return { index: BigInt(index), field, description };
}

/** Events from outside. */
@Controller()
export class EventsController {
  constructor(
    @Inject(EventImporter) private readonly importer: EventImporter,
    @Inject(BOUNDS) private readonly bounds: () => Bounds,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @GrpcMethod(SERVICE, 'ValidateEvents')
  validateEvents(request: ValidateEventsRequest): MessageInitShape<typeof ValidateEventsResponseSchema> {
    parseCount('events', request.events.length, MAX_VALIDATED);
    const faults = validateEvents(request.events.map(toSent), this.bounds());
    noteRpc({ events: request.events.length, faults: faults.length });
    return { faults: faults.map(faultMessage) };
  }

  /** Reads the stream itself rather than as an Observable, so that a fast sender waits for the log and memory stays flat. */
  @GrpcStreamCall(SERVICE, 'ImportEvents')
  async importEvents(
    call: ServerReadableStream<ImportEventsRequest, MessageInitShape<typeof ImportEventsResponseSchema>>,
    callback: sendUnaryData<MessageInitShape<typeof ImportEventsResponseSchema>>,
  ): Promise<void> {
    const { signal } = limitsOf(call);
    try {
      const run = this.importer.begin();
      for await (const request of call as AsyncIterable<ImportEventsRequest>) {
        parseCount('events', request.events.length, MAX_PORTION);
        await run.add(request.events.map(toSent));
        signal.throwIfAborted();
      }
      const { imported, rejected, faults } = run.result();
      noteRpc({ imported, rejected });
      callback(null, { imported: BigInt(imported), rejected: BigInt(rejected), faults: faults.map(faultMessage) });
    } catch (error) {
      const { rich, foreseen } = statusOf(signal.aborted ? signal.reason : error, errorTable);
      if (!foreseen) this.logger.error({ err: error }, 'unforeseen error');
      callback(toServiceError(rich));
    }
  }
}
