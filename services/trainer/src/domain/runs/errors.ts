import type { RunState } from './run.js';

/** Why a run can't do what it was asked for, with the remedy. The message becomes the run's error. */
export class RunFailedError extends Error {
  override readonly name: string = 'RunFailedError';
}

/** There is no such run. */
export class RunNotFoundError extends Error {
  override readonly name = 'RunNotFoundError';
  constructor(runId: string) {
    super(`there is no run ${JSON.stringify(runId.slice(0, 80))}; list the runs with: gqr runs list`);
  }
}

/** A run that has ended can't be cancelled. */
export class RunEndedError extends Error {
  override readonly name = 'RunEndedError';
  constructor(runId: string, state: RunState) {
    super(`run ${runId} has ended: it ${state === 'cancelled' ? 'was cancelled' : state}`);
  }
}

/** The trainer shuts down. Runs go on when it is back. */
export class ShuttingDownError extends Error {
  override readonly name = 'ShuttingDownError';
  constructor() {
    super('the trainer shuts down; runs go on when it is back');
  }
}
