import { messageOf } from '@gqr/chassis/errors';
import type { EventLog } from '@gqr/chassis/event-log/event-log';
import type { Readiness } from '@gqr/chassis/service/readiness';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { keepFresh } from '../domain/keep-fresh.js';
import type { PopularQueries } from '../domain/recommend/popular-queries.js';
import type { TaskCatalogue } from '../domain/tasks/task-catalogue.js';

/** What runs beside requests, and what has to be closed behind the last of them. */
export interface BackgroundParts {
  readonly tasks: TaskCatalogue;
  readonly popular: PopularQueries;
  readonly log: EventLog;
  readonly clients: readonly { close(): void }[];
}

/** Keeps tasks and popular queries fresh, and makes the gateway ready once tasks are known. */
export class Background implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();

  constructor(
    private readonly parts: BackgroundParts,
    private readonly readiness: Readiness,
    private readonly logger: Logger,
    private readonly options: { readonly everyMs: number },
  ) {}

  /** @throws EventLogError if the log cannot be opened: a gateway that can record nothing must not start */
  async onApplicationBootstrap(): Promise<void> {
    await this.parts.log.position('gateway', 'gqr.clicks.v1');
    void this.keep('tasks', async () => {
      await this.parts.tasks.refresh();
      this.readiness.markReady('tasks');
    });
    void this.keep('popular queries', () => this.parts.popular.refresh());
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    for (const client of this.parts.clients) client.close();
    await this.parts.log.close();
  }

  private keep(what: string, refresh: () => Promise<void>): Promise<void> {
    return keepFresh(refresh, {
      everyMs: this.options.everyMs,
      signal: this.stop.signal,
      onError: (error) => {
        this.logger.debug({ what, why: messageOf(error) }, 'could not refresh');
      },
    });
  }
}
