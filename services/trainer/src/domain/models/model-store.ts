import type { TrafficMix, Window } from '../runs/window.js';

/** Names one immutable model. */
export interface ModelId {
  /** "cooccurrence", "ctr", "policy.<task>". */
  readonly kind: string;
  readonly version: string;
}

/** What is known of a new model, beside its files. */
export interface NewModel extends ModelId {
  readonly metrics: Readonly<Record<string, unknown>>;
  /** Resolved configuration that made it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Span of the log that it was made from; none if it was not made from the log. */
  readonly window?: Window | undefined;
  readonly parents: readonly ModelId[];
  readonly traffic: TrafficMix;
}

/** The model registry as runs and promotions see it. */
export interface ModelStore {
  /** Takes the files of `folder` as a new model, all or nothing. The same model again, with the same files, changes nothing. */
  publish(model: NewModel, folder: string): Promise<void>;
  /** Folder with the files of a model, after they were checked. */
  open(id: ModelId): Promise<string>;
  /** Version that channel "stable" of a kind points to. */
  stable(kind: string): Promise<string | undefined>;
  /** Version that channel "stable" of a kind pointed to before. */
  stableBefore(kind: string): Promise<string | undefined>;
  /** Points channel "stable" to a model, atomically. */
  setStable(id: ModelId): Promise<void>;
}
