/** Whatever the gateway leans on. */
export type Dependency = 'generation' | 'ctr' | 'cooccurrence' | 'log';

/**
 * What a dependency did wrong: no answer in time, out of reach, full, an answer that makes no sense, a refusal of a request that the
 * gateway holds to be right, or an error of its own.
 */
export type Fault = 'timeout' | 'unavailable' | 'overloaded' | 'invalid' | 'refused' | 'failed';

/**
 * A dependency is at fault. Thrown by the adapters of every port. Recommend answers with less instead of failing; whatever cannot be
 * done without the dependency is UNAVAILABLE.
 */
export class DependencyError extends Error {
  override readonly name = 'DependencyError';
  constructor(
    readonly dependency: Dependency,
    readonly fault: Fault,
    detail: string,
  ) {
    super(detail);
  }

  /** As callers read it, for example "GENERATION_TIMEOUT". */
  get reason(): string {
    return `${this.dependency}_${this.fault}`.toUpperCase();
  }
}
