import { setTimeout as sleep } from 'node:timers/promises';

/** Characters of a token, roughly. */
const TOKEN = /\s?\S{1,6}/g;
const PLANNED = / after (\d+) days$/;

/** A list of three queries that says how long it takes, so that callers know what they waited for. */
export function listThatTakes(plannedMs: number): string {
  return (
    'how long does a home battery last before it has to be replaced\nwhich inverter is quiet enough for a small flat\n' +
    `is a tax credit still granted after ${plannedMs.toFixed(0)} days`
  );
}

/** Milliseconds that a list, or its last query, says it takes; NaN if it says nothing. */
export function plannedMsOf(text: string): number {
  return Number(PLANNED.exec(text)?.[1]);
}

/** The tokens of a text, spread evenly over a time; late ones do not make the others later. */
export async function* spreadOver(text: string, plannedMs: number): AsyncGenerator<string, void> {
  const startedAt = performance.now();
  const tokens = text.match(TOKEN) ?? [];
  for (const [at, token] of tokens.entries()) {
    const leftMs = startedAt + ((at + 1) / tokens.length) * plannedMs - performance.now();
    if (leftMs > 0) await sleep(leftMs);
    yield token;
  }
}
