import type { Task } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { useEffect, useState } from 'react';
import { type Gateway, GatewayError } from '../api/gateway.js';
import type { Problem } from '../api/problem.js';

export type TasksState =
  | { readonly state: 'connecting' }
  | { readonly state: 'ready'; readonly tasks: readonly Task[] }
  | { readonly state: 'failed'; readonly problem: Problem };

const RETRY_MS = 3_000;

/** The gateway's tasks; asked for again until it answers. */
export function useTasks(gateway: Gateway): TasksState {
  const [state, setState] = useState<TasksState>({ state: 'connecting' });
  useEffect(() => {
    const stop = new AbortController();
    const ask = async () => {
      try {
        const { tasks } = await gateway.tasks(stop.signal);
        setState({ state: 'ready', tasks });
      } catch (error) {
        if (stop.signal.aborted || !(error instanceof GatewayError)) return;
        setState({ state: 'failed', problem: error.problem });
        const timer = setTimeout(() => void ask(), RETRY_MS);
        stop.signal.addEventListener('abort', () => clearTimeout(timer));
      }
    };
    void ask();
    return () => stop.abort();
  }, [gateway]);
  return state;
}
