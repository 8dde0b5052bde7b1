import type { EventLog, LoggedRecord, NewRecord, SubscribeOptions, Subscription } from './event-log.js';

/** An event log for tests: nothing survives the process. Delivery happens at `flush` and at every append. */
export class MemoryEventLog implements EventLog {
  private readonly topics = new Map<string, LoggedRecord[]>();
  private readonly positions = new Map<string, number>();

  /** Records of a topic, in order of offset. */
  records(topic: string): readonly LoggedRecord[] {
    return this.topics.get(topic) ?? [];
  }

  append(records: readonly NewRecord[]): Promise<void> {
    for (const record of records) {
      const log = this.topics.get(record.topic) ?? [];
      log.push({ ...record, partition: 0, offset: log.length, appendedAt: Date.now() });
      this.topics.set(record.topic, log);
    }
    return Promise.resolve();
  }

  position(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    return Promise.resolve(new Map([[0, this.positions.get(`${group}/${topic}`) ?? 0]]));
  }

  subscribe(options: SubscribeOptions): Promise<Subscription> {
    const deliver = async (topic: string): Promise<void> => {
      const key = `${options.group}/${topic}`;
      for (;;) {
        const from = this.positions.get(key) ?? 0;
        const records = this.records(topic).slice(from, from + options.maxRecords);
        const last = records.at(-1);
        if (last === undefined) return;
        try {
          await options.onBatch({ topic, partition: 0, firstOffset: from, lastOffset: last.offset, records });
        } catch (error) {
          options.onError(error);
          continue;
        }
        this.positions.set(key, last.offset + 1);
      }
    };
    return Promise.resolve({
      flush: async () => {
        for (const topic of options.topics) await deliver(topic);
      },
      close: () => Promise.resolve(),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
