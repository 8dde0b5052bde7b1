import type { RpcError } from '@gqr/chassis/grpc/client';
import type { RunningService } from '@gqr/chassis/testing/running-service';
import { expect } from 'vitest';

/** golden.json is written with 7 decimals, and kernels round by about 1e-7. */
export const TOLERANCE = 1e-6;

/** How long a busy machine may take until what must come has come. */
export const PATIENCE = { timeout: 15_000 };

/** What a call failed with. */
export async function failure(call: Promise<unknown>): Promise<RpcError> {
  return call.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => error as RpcError,
  );
}

/** Reads a stream to its end. */
export async function drain(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

/** The value of the first metric whose line begins so; NaN if there is none. */
export async function metricOf({ http }: RunningService, name: string): Promise<number> {
  const text = await (await fetch(`http://${http}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(name));
  return Number(line?.split(' ').at(-1) ?? NaN);
}

/** So many different texts. */
export const numbers = (count: number, word = 'query'): string[] => Array.from({ length: count }, (_, n) => `${word} ${String(n)}`);
