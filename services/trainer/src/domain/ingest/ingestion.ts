import { messageOf } from '@gqr/chassis/errors';
import { RunFailedError } from '../runs/errors.js';

/** What runs need of the ingestion of the event log. */
export interface LogIngestion {
  /**
   * Resolves when everything that was in the log when it was called is in the event store.
   * @throws IngestFailedError as soon as an attempt fails, though attempts go on; the signal's reason if it is aborted
   */
  flush(signal: AbortSignal): Promise<void>;
}

/** The event log could not be taken into the event store: the disk is full, or a file is damaged. */
export class IngestFailedError extends RunFailedError {
  override readonly name = 'IngestFailedError';
  constructor(cause: unknown) {
    super(
      `the event log could not be taken into the event store (${messageOf(cause)}); make room on the disk or mend what is named, then start the run again`,
    );
  }
}
