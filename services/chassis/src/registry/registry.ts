import { z } from 'zod';

const name = /^[a-z0-9][a-z0-9._-]{0,79}$/;

/** Kind of a model: lower-case, dots allowed ("policy.suggestion"). */
export const kindName = z.string().regex(name, 'must be lower-case letters, digits, ".", "_" or "-"');
/** Version of a model within its kind. */
export const versionName = z.string().regex(name, 'must be lower-case letters, digits, ".", "_" or "-"');

export const modelId = z.object({ kind: kindName, version: versionName });
/** Names one immutable model. */
export type ModelId = z.output<typeof modelId>;

export const manifest = z.object({
  kind: kindName,
  version: versionName,
  createdAt: z.iso.datetime(),
  files: z
    .array(z.object({ name: z.string().min(1), sizeBytes: z.number().int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .min(1),
  /** What was measured. */
  metrics: z.record(z.string(), z.unknown()),
  /** Resolved configuration that made it. */
  config: z.record(z.string(), z.unknown()),
  /** Span of the log that it was made from. */
  dataWindow: z.object({ start: z.iso.datetime(), end: z.iso.datetime() }).nullable(),
  /** Models that it was made from. */
  parents: z.array(modelId),
  codeVersion: z.string(),
  /** Whose behaviour it learnt from. */
  traffic: z.enum(['none', 'simulated', 'live', 'mixed']),
});
/** What is known of a model. Written once, never changed. */
export type Manifest = z.output<typeof manifest>;

/** A model whose files are at hand and were checked. */
export interface Artefact {
  readonly manifest: Manifest;
  /** Folder that holds its files. */
  readonly path: string;
}

/** No such model, or no such channel. */
export class ModelNotFoundError extends Error {
  override readonly name = 'ModelNotFoundError';
}

/** A model's files do not match its manifest, or it does not fit the service that should load it. */
export class UnusableModelError extends Error {
  override readonly name = 'UnusableModelError';
}

/** What a new model is made of, beside its files. */
export type NewModel = Omit<Manifest, 'files' | 'createdAt'> & { readonly createdAt?: string };

/** Immutable models by kind and version, and channels that point to them. */
export interface ModelRegistry {
  /** All models, or those of one kind, the latest first. */
  list(kind?: string): Promise<Manifest[]>;
  /** @throws ModelNotFoundError */
  get(id: ModelId): Promise<Manifest>;
  /** Brings a model's files to a local folder and checks them. @throws ModelNotFoundError, UnusableModelError */
  fetch(id: ModelId): Promise<Artefact>;
  /** Takes the files of `folder` as a new model. All or nothing; a version that is there already with the same files is left alone. */
  publish(model: NewModel, folder: string): Promise<Manifest>;
  /** The version that a channel points to; undefined if it points nowhere. */
  channel(kind: string, channel: string): Promise<string | undefined>;
  /** Points a channel to a version, atomically. @throws ModelNotFoundError */
  setChannel(id: ModelId, channel: string): Promise<void>;
  /** Versions that a channel pointed to before, the latest first. */
  channelHistory(kind: string, channel: string): Promise<string[]>;
  /** Channels that point to each model. */
  channelsOf(id: ModelId): Promise<string[]>;
}
