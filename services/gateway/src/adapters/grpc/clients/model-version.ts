import type { ModelVersion as Message } from '@gqr/protos/gqr/context/v1/context';
import type { ModelVersion } from '../../../domain/context.js';

/** A model's name as the domain has it; undefined if the message does not say. */
export function toModelVersion(message: Message | undefined): ModelVersion | undefined {
  return message === undefined || message.version === '' ? undefined : { kind: message.kind, version: message.version };
}
