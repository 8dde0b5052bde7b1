import { statusOf } from '@gqr/chassis/grpc/error-table';
import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { ModelRefusedError } from './domain/model/model-store.js';
import { NoModelError } from './domain/model/serving-model.js';
import { InferenceError } from './domain/scoring/inference-engine.js';
import { ctrErrors } from './error-table.js';

it.each([
  [new NoModelError('none yet'), { code: status.UNAVAILABLE, reason: 'NO_MODEL', message: 'no click predictor serves: none yet' }],
  [new ModelRefusedError('MODEL_NOT_FOUND', 'no such'), { code: status.NOT_FOUND, reason: 'MODEL_NOT_FOUND', message: 'no such' }],
  [new ModelRefusedError('MODEL_DAMAGED', 'half'), { code: status.FAILED_PRECONDITION, reason: 'MODEL_DAMAGED', message: 'half' }],
  [new ModelRefusedError('SELF_TEST_FAILED', 'NaN'), { code: status.FAILED_PRECONDITION, reason: 'SELF_TEST_FAILED', message: 'NaN' }],
  // The next batch may well succeed, so the caller is told when to try again.
  [new InferenceError('gone'), { code: status.UNAVAILABLE, reason: 'INFERENCE_FAILED', message: 'gone', retryAfterMs: 1_000 }],
])('answers %s with a status that a caller can act on', (error, rich) => {
  expect(statusOf(error, ctrErrors)).toEqual({ rich, foreseen: true });
});
