import type { ModelId } from '../models/model-store.js';
import type { CooccurrenceOptions } from '../cooccurrence/options.js';
import type { CtrOptions } from '../ctr/options.js';
import type { SftOptions } from '../sft/options.js';

/** What a run is asked to do, with all defaults filled in. */
export type RunRequest =
  | { readonly kind: 'cooccurrence'; readonly options: CooccurrenceOptions }
  | { readonly kind: 'ctr'; readonly options: CtrOptions }
  | { readonly kind: 'sft'; readonly options: SftOptions };

export type RunKindName = RunRequest['kind'];
export const runKinds: readonly RunKindName[] = ['cooccurrence', 'ctr', 'sft'];

export type RunState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** How far a stage is. */
export interface StageProgress {
  readonly stage: string;
  readonly done: number;
  /** 0 when unknown. */
  readonly total: number;
  readonly unit: string;
  /** Units a second; 0 when unknown. */
  readonly rate: number;
  readonly secondsLeft?: number | undefined;
  readonly message: string;
}

/** How far a run is. */
export interface RunProgress extends StageProgress {
  /** 1-based. */
  readonly stageNumber: number;
  readonly stages: number;
}

/** Figures by name, nested as the kind of run likes; they can be written as JSON. */
export type Metrics = Readonly<Record<string, unknown>>;

export interface Run {
  readonly runId: string;
  readonly request: RunRequest;
  readonly state: RunState;
  readonly progress?: RunProgress | undefined;
  /** Milliseconds since the epoch, like all moments here. */
  readonly createdAt: number;
  readonly startedAt?: number | undefined;
  readonly endedAt?: number | undefined;
  /** Why it failed, with the remedy. */
  readonly error?: string | undefined;
  readonly model?: ModelId | undefined;
  readonly metrics: Metrics;
  /** Times that it was begun; more than one after a restart of the trainer. */
  readonly attempts: number;
}

export function hasEnded({ state }: Run): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
