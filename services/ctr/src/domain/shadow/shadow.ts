import { unlimited } from '@gqr/chassis/grpc/call';
import { ModelRefusedError, type ModelStore } from '../model/model-store.js';
import type { OpenModel } from '../model/open-model.js';
import { type ModelInfo, ServingModel } from '../model/serving-model.js';
import { predict } from '../scoring/predict.js';
import type { Kind } from '../scoring/request-kinds.js';
import { Agreement, type AgreementFigures } from './agreement.js';

/** A shadow and what came of it so far. */
export interface ShadowState {
  readonly info: ModelInfo;
  /** Version that it is compared with. */
  readonly serving: string;
  readonly agreement: AgreementFigures;
}

/** What is told about a shadow. */
export interface ShadowObserver {
  started(info: ModelInfo): void;
  /** A call was scored a second time. */
  compared(agreement: AgreementFigures): void;
  /** A call was left out, because the one before it is still being scored. */
  skipped(): void;
  failed(error: unknown): void;
  /** There is none any more. */
  ended(state: ShadowState): void;
}

export interface ShadowOptions {
  /** Share of the calls that it scores as well. */
  readonly share: number;
  /** In [0, 1). */
  readonly random?: () => number;
}

interface Comparison {
  readonly serving: string;
  readonly agreement: Agreement;
}

/**
 * A second model beside the one that serves, to be compared with it on real calls. It costs callers nothing but the processor: it scores
 * after the answer, one call at a time, and calls that come meanwhile are left out. No failure of it reaches a caller.
 */
export class Shadow {
  private readonly model = new ServingModel();
  private comparison: Comparison;
  private busy = false;
  /** One is started at a time. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: Pick<ModelStore, 'candidateVersion'>,
    private readonly opener: Pick<OpenModel, 'open'>,
    private readonly serving: ServingModel,
    private readonly observer: ShadowObserver,
    private readonly options: ShadowOptions,
  ) {
    this.comparison = this.begin();
  }

  /** The shadow, if there is one. */
  get state(): ShadowState | undefined {
    return this.model.version === undefined ? undefined : this.stateOf(this.model.info);
  }

  /** Has a version be the shadow, or the candidate; the one before it ends when this one is ready. @throws ModelRefusedError */
  start(wanted?: string): Promise<ShadowState> {
    const started = this.last.then(async () => {
      const version = wanted ?? (await this.store.candidateVersion());
      if (version === this.serving.version) throw new ModelRefusedError('MODEL_SERVES', `version ${version} serves already`);
      if (version !== this.model.version) {
        const model = await this.opener.open(version);
        this.stop();
        this.model.replace(model);
        this.comparison = this.begin();
        this.observer.started(model.info);
      }
      return this.stateOf(this.model.info);
    });
    this.last = started.catch(() => undefined);
    return started;
  }

  /** Ends the shadow, if there is one. */
  stop(): ShadowState | undefined {
    const { state } = this;
    if (state === undefined) return undefined;
    this.model.clear();
    this.observer.ended(state);
    return state;
  }

  /** Compares what the version that serves said about `groups` with what the shadow says. Returns at once and never throws. */
  follow<T>(serving: string, kind: Kind<T>, groups: readonly T[], results: readonly (readonly number[])[]): void {
    if (this.model.version === undefined) return;
    if (this.model.version === this.serving.version) {
      this.stop();
      return;
    }
    const { random = Math.random, share } = this.options;
    if (random() >= share) return;
    if (this.busy) {
      this.observer.skipped();
      return;
    }
    this.busy = true;
    this.compare(serving, kind, groups, results)
      .catch((error: unknown) => {
        this.observer.failed(error);
      })
      .finally(() => {
        this.busy = false;
      });
  }

  private async compare<T>(serving: string, kind: Kind<T>, groups: readonly T[], results: readonly (readonly number[])[]): Promise<void> {
    if (this.comparison.serving !== this.serving.version) this.comparison = this.begin();
    const { comparison } = this;
    // A call ends on the model with which it began, which may have been replaced meanwhile.
    if (serving !== comparison.serving) return;
    const said = await this.model.use((model) => predict(model, kind, groups, unlimited));
    // So may this one.
    if (comparison !== this.comparison) return;
    groups.forEach((group, index) => {
      comparison.agreement.add(kind.prompt(group), results[index] ?? [], said.results[index] ?? []);
    });
    this.observer.compared(comparison.agreement.figures);
  }

  private stateOf(info: ModelInfo): ShadowState {
    return { info, serving: this.comparison.serving, agreement: this.comparison.agreement.figures };
  }

  private begin(): Comparison {
    return { serving: this.serving.version ?? '', agreement: new Agreement() };
  }
}
