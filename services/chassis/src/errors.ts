/** One thing that is wrong with a request. */
export interface FieldViolation {
  /** Path of the field as in the contract, for example "history[3].query". */
  readonly field: string;
  /** What is wrong and what to do about it. */
  readonly description: string;
}

/** A request breaks its contract. Thrown at the edge of a service, before any work is done. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
  constructor(readonly violations: readonly FieldViolation[]) {
    super(violations.map((violation) => `${violation.field}: ${violation.description}`).join('; '));
  }
}

/** The caller's deadline passed or the caller left. Thrown by whoever notices; nobody is left to read the answer. */
export class CallEndedError extends Error {
  override readonly name = 'CallEndedError';
  constructor(readonly why: 'cancelled' | 'deadline') {
    super(why === 'deadline' ? 'the deadline of the call has passed' : 'the caller cancelled the call');
  }
}

/** A service is full and takes no more work for now. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  constructor(
    readonly what: string,
    readonly retryAfterMs: number,
  ) {
    super(`${what} is full; try again in ${String(retryAfterMs)} ms`);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
