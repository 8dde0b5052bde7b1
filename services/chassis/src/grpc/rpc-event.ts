import { AsyncLocalStorage } from 'node:async_hooks';

/** Fields of the one wide log event that an rpc leaves behind. Never query text, AI answers or user ids. */
export type RpcEventFields = Record<string, string | number | boolean | undefined>;

const current = new AsyncLocalStorage<RpcEventFields>();

/** Runs `work` with an event to which `noteRpc` adds. */
export function withRpcEvent<T>(event: RpcEventFields, work: () => T): T {
  return current.run(event, work);
}

/** Adds fields to the event of the rpc under way; without one it does nothing. */
export function noteRpc(fields: RpcEventFields): void {
  const event = current.getStore();
  if (event !== undefined) Object.assign(event, fields);
}
