/** No task has this id. */
export class UnknownTaskError extends Error {
  override readonly name = 'UnknownTaskError';
  constructor(id: string, known: readonly string[]) {
    super(`there is no task ${JSON.stringify(id.slice(0, 80))}; the tasks are: ${known.join(', ')}`);
  }
}

/** No policy of this version is loaded for the task. */
export class UnknownPolicyError extends Error {
  override readonly name = 'UnknownPolicyError';
  constructor(taskId: string, version: string) {
    super(
      `no policy ${JSON.stringify(version.slice(0, 80))} is loaded for task ${taskId}; load it with LoadPolicy or list the loaded ones with ListPolicies`,
    );
  }
}

/** A policy's artefact cannot serve: it is damaged or adapts another base model. The old policy goes on serving. */
export class UnusablePolicyError extends Error {
  override readonly name = 'UnusablePolicyError';
}

/** The policy that serves a task cannot be unloaded. */
export class ServingPolicyError extends Error {
  override readonly name = 'ServingPolicyError';
  constructor(taskId: string, version: string) {
    super(`policy ${version} serves task ${taskId}; load another one with serve = true first`);
  }
}

/** The model could not be brought to write the list that was asked for. */
export class ListIncompleteError extends Error {
  override readonly name = 'ListIncompleteError';
  constructor(written: number, wanted: number) {
    super(`the policy wrote ${String(written)} of ${String(wanted)} distinct queries; ask for fewer, or raise the temperature`);
  }
}

/** The language model is gone, draining, or does not answer. Nothing was written; the call may be made again. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
  constructor(
    backend: string,
    why: string,
    readonly retryAfterMs: number,
  ) {
    super(`${backend} cannot write now: ${why}`);
  }
}

/** The language model answered what it must not: junk, half an answer, or a failure of its own. */
export class BackendFaultError extends Error {
  override readonly name = 'BackendFaultError';
  constructor(backend: string, what: string) {
    super(`${backend} failed: ${what}`);
  }
}

/** The backend cannot do what was asked for, whatever the request. */
export class UnsupportedByBackendError extends Error {
  override readonly name = 'UnsupportedByBackendError';
  constructor(backend: string, what: string) {
    super(`${backend} cannot ${what}; use a backend that can`);
  }
}
