import { CallEndedError } from '@gqr/chassis/errors';
import { type CallLimits, unlimited, within } from '@gqr/chassis/grpc/call';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Dependency, DependencyError } from '../../src/domain/dependency-error.js';

/** A port with somebody behind it who can be told to misbehave. */
export interface Subject<Port> {
  readonly port: Port;
  /** Makes whoever is behind the port answer nothing. */
  hang(): void;
  /** Makes whoever is behind the port be away. */
  leave(): Promise<void> | void;
  close(): Promise<void> | void;
}

/** What the domain relies on at every port of a dependency. */
export function dependencyContract<Port>(
  name: string,
  dependency: Dependency,
  open: () => Promise<Subject<Port>>,
  call: (port: Port, limits: CallLimits) => Promise<unknown>,
): void {
  describe(`${name}, when ${dependency} is at fault`, () => {
    let subject: Subject<Port>;
    beforeEach(async () => {
      subject = await open();
    });
    afterEach(() => subject.close());

    const failureOf = (limits: CallLimits): Promise<unknown> => call(subject.port, limits).catch((error: unknown) => error);

    it('says that it is unavailable when it is away', async () => {
      await subject.leave();
      const error = await failureOf(within(unlimited, 5_000));
      expect(error).toBeInstanceOf(DependencyError);
      expect(error).toMatchObject({ dependency, fault: 'unavailable' });
    });

    it('gives up at the deadline, and says that it timed out', async () => {
      subject.hang();
      const error = await failureOf(within(unlimited, 50));
      expect(error).toBeInstanceOf(DependencyError);
      expect(error).toMatchObject({ dependency, fault: 'timeout' });
    });

    it('gives up when the caller leaves, and blames nobody', async () => {
      subject.hang();
      const caller = new AbortController();
      const failure = failureOf({ signal: caller.signal, deadline: Date.now() + 5_000 });
      setTimeout(() => {
        caller.abort(new CallEndedError('cancelled'));
      }, 30);
      expect(await failure).toMatchObject({ name: 'CallEndedError', why: 'cancelled' });
    });
  });
}
