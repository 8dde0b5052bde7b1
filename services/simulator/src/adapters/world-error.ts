import { describeFault, type Fault } from '../domain/world/lint-topics.js';

/** A world cannot be used; the message has every fault with file, line and remedy. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  constructor(readonly faults: readonly Fault[]) {
    super(`the world cannot be used:\n${faults.map(describeFault).join('\n')}`);
  }
}
