import { OverloadedError } from '../errors.js';
import type { CallLimits } from '../grpc/call.js';

interface Waiting {
  readonly resolve: (release: () => void) => void;
  readonly leave: () => void;
}

/** Lets a number of callers in at a time; the others wait in line, first come, first served. */
export class Turnstile {
  private inside = 0;
  private readonly line: Waiting[] = [];

  constructor(
    private readonly options: {
      /** What callers wait for, as OverloadedError names it. */
      readonly name: string;
      readonly capacity: number;
      readonly maxWaiting: number;
      /** When a caller who was sent away should come back. */
      readonly retryAfterMs: number;
    },
  ) {}

  get waiting(): number {
    return this.line.length;
  }

  /** Waits for a place; the returned function gives it back, once. @throws OverloadedError at once when the line is full, CallEndedError */
  enter(limits: CallLimits): Promise<() => void> {
    const { signal } = limits;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (this.inside < this.options.capacity) {
      this.inside++;
      return Promise.resolve(this.place());
    }
    if (this.line.length >= this.options.maxWaiting) {
      return Promise.reject(new OverloadedError(this.options.name, this.options.retryAfterMs));
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.line.splice(this.line.indexOf(waiting), 1);
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        resolve,
        leave: () => {
          signal.removeEventListener('abort', giveUp);
        },
      };
      this.line.push(waiting);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  private place(): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.line.shift();
      if (next === undefined) {
        this.inside--;
        return;
      }
      next.leave();
      next.resolve(this.place());
    };
  }
}
