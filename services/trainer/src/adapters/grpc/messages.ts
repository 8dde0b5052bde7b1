import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Manifest } from '@gqr/chassis/registry/registry';
import { type ModelSchema, type RunSchema, RunState as StateMessage } from '@gqr/protos/gqr/trainer/v1/trainer';
import type { Run, RunState } from '../../domain/runs/run.js';

const states: Readonly<Record<RunState, StateMessage>> = {
  queued: StateMessage.QUEUED,
  running: StateMessage.RUNNING,
  succeeded: StateMessage.SUCCEEDED,
  failed: StateMessage.FAILED,
  cancelled: StateMessage.CANCELLED,
};

/** What JSON keeps of a value: undefined fields are gone, and nothing but JSON's own types is left. */
function toJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

export function runMessage(run: Run): MessageInitShape<typeof RunSchema> {
  const { progress, startedAt, endedAt, model } = run;
  return {
    runId: run.runId,
    kind: run.request.kind,
    options: toJson(run.request.options),
    state: states[run.state],
    createdAt: timestampFromMs(run.createdAt),
    error: run.error ?? '',
    metrics: toJson(run.metrics),
    attempts: run.attempts,
    ...(progress && { progress: { ...progress, ...(progress.secondsLeft === undefined ? {} : { secondsLeft: progress.secondsLeft }) } }),
    ...(startedAt !== undefined && { startedAt: timestampFromMs(startedAt) }),
    ...(endedAt !== undefined && { endedAt: timestampFromMs(endedAt) }),
    ...(model && { model: { ...model } }),
  };
}

export function modelMessage(manifest: Manifest, channels: readonly string[]): MessageInitShape<typeof ModelSchema> {
  const { kind, version, dataWindow } = manifest;
  return {
    id: { kind, version },
    createdAt: timestampFromDate(new Date(manifest.createdAt)),
    channels: [...channels],
    files: manifest.files.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes: BigInt(sizeBytes), sha256 })),
    metrics: toJson(manifest.metrics),
    parents: manifest.parents,
    codeVersion: manifest.codeVersion,
    config: toJson(manifest.config),
    traffic: manifest.traffic,
    ...(dataWindow && {
      windowStart: timestampFromDate(new Date(dataWindow.start)),
      windowEnd: timestampFromDate(new Date(dataWindow.end)),
    }),
  };
}
