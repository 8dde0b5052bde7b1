import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GrpcClient } from '@gqr/chassis/grpc/client';
import type { EventFault, ImportEventsRequestSchema, TrainerService } from '@gqr/protos/gqr/trainer/v1/trainer';
import { batchEvents, type LineFault } from './event-batches.js';
import { readLines } from './read-lines.js';

/** What became of a file's events. */
export interface FileReport {
  /** Events in the log because of this, or found faultless where nothing is imported. */
  imported: number;
  rejected: number;
  /** At most the first hundred of each kind of fault. */
  readonly faults: LineFault[];
}

const SHOWN_FAULTS = 100;

interface Watchers {
  readonly onBytes: (bytes: number) => void;
  readonly onEvents: (events: number) => void;
  readonly signal: AbortSignal;
}

class FaultList {
  count = 0;
  readonly faults: LineFault[] = [];
  readonly add = (fault: LineFault): void => {
    this.count += 1;
    if (this.faults.length < SHOWN_FAULTS) this.faults.push(fault);
  };
}

function atLine({ index, field, description }: EventFault, lines: readonly number[]): LineFault {
  return { line: lines[Number(index)] ?? 0, field, description };
}

function inOrder(faults: readonly LineFault[]): LineFault[] {
  return [...faults].sort((a, b) => a.line - b.line);
}

/** Imports the events of a file in one call: durable when it resolves. */
export async function importFile(trainer: GrpcClient<typeof TrainerService>, path: string, watch: Watchers): Promise<FileReport> {
  const unreadable = new FaultList();
  const lines: number[] = [];
  async function* requests(): AsyncGenerator<MessageInitShape<typeof ImportEventsRequestSchema>> {
    for await (const batch of batchEvents(readLines(path, watch.onBytes), unreadable.add)) {
      for (const line of batch.lines) lines.push(line);
      yield { events: batch.events };
      watch.onEvents(batch.events.length);
    }
  }
  const answer = await trainer.importEvents(requests(), { signal: watch.signal });
  return {
    imported: Number(answer.imported),
    rejected: Number(answer.rejected) + unreadable.count,
    faults: inOrder([...unreadable.faults, ...answer.faults.map((fault) => atLine(fault, lines))]),
  };
}

/** Says what an import of a file would reject. */
export async function validateFile(trainer: GrpcClient<typeof TrainerService>, path: string, watch: Watchers): Promise<FileReport> {
  const unreadable = new FaultList();
  const refused = new FaultList();
  const faulty = new Set<number>();
  let events = 0;
  for await (const batch of batchEvents(readLines(path, watch.onBytes), unreadable.add)) {
    const { faults } = await trainer.validateEvents({ events: batch.events }, { signal: watch.signal });
    events += batch.events.length;
    for (const fault of faults.map((each) => atLine(each, batch.lines))) {
      faulty.add(fault.line);
      refused.add(fault);
    }
    watch.onEvents(batch.events.length);
  }
  return {
    imported: events - faulty.size,
    rejected: faulty.size + unreadable.count,
    faults: inOrder([...unreadable.faults, ...refused.faults]),
  };
}
