/**
 * What `make` makes, with errors that do not know where they come from. Finding that out costs more than all else about an error, and is
 * wasted on those that are made with every call and hardly ever read.
 */
export function withoutStackTrace<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
