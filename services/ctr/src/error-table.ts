import { type ErrorRow, row } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import { ModelRefusedError } from './domain/model/model-store.js';
import { NoModelError } from './domain/model/serving-model.js';
import { InferenceError } from './domain/scoring/inference-engine.js';

/** How each failure of this service is answered. */
export const ctrErrors: readonly ErrorRow[] = [
  row(NoModelError, () => ({ code: status.UNAVAILABLE, reason: 'NO_MODEL' })),
  row(ModelRefusedError, ({ refusal }) => ({
    code: refusal === 'MODEL_NOT_FOUND' ? status.NOT_FOUND : status.FAILED_PRECONDITION,
    reason: refusal,
  })),
  row(InferenceError, () => ({ code: status.UNAVAILABLE, reason: 'INFERENCE_FAILED', retryAfterMs: 1_000 })),
];
