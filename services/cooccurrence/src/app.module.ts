import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { type Platform } from '@gqr/chassis/service/run-service';
import { type DynamicModule, Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { Readiness } from '@gqr/chassis/service/readiness';
import { CooccurrenceController } from './adapters/grpc/cooccurrence.controller.js';
import { LookupMetrics } from './adapters/metrics/lookup-metrics.js';
import { RegistrySnapshotSource } from './adapters/registry/registry-snapshot-source.js';
import type { Config } from './config.js';
import { SnapshotLoader } from './domain/load-snapshot.js';
import { Retrieval } from './domain/retrieve.js';
import { ServingIndex } from './domain/serving-index.js';

/** Says which adapter serves which port. */
@Module({})
export class AppModule implements OnApplicationBootstrap {
  constructor(
    @Inject(SnapshotLoader) private readonly loader: SnapshotLoader,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  static with(config: Config, { logger, metrics }: Platform): DynamicModule {
    const serving = new ServingIndex();
    const lookupMetrics = new LookupMetrics(metrics, logger);
    const source = new RegistrySnapshotSource(new DirectoryRegistry(config.GQR_REGISTRY));
    return {
      module: AppModule,
      controllers: [CooccurrenceController],
      providers: [
        { provide: ServingIndex, useValue: serving },
        { provide: LookupMetrics, useValue: lookupMetrics },
        { provide: Retrieval, useValue: new Retrieval(serving) },
        { provide: SnapshotLoader, useValue: new SnapshotLoader(source, serving, lookupMetrics) },
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.loader.loadAtStart();
    this.readiness.markReady('snapshot');
  }
}
