/** States of a section, in one shared integer. */
const OUTSIDE = 0;
const INSIDE = 1;
const CLOSED = 2;

/** A section as it goes to another thread. */
export type SharedSection = Int32Array<SharedArrayBuffer>;

/** A section for a thread that is about to be started. Counts as entered, since loading ONNX Runtime is native code too. */
export function newSection(): SharedSection {
  const section = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  section[0] = INSIDE;
  return section;
}

/**
 * Keeps the end of the process apart from ONNX Runtime's native code. Node ends its threads wherever they are when the process exits, and
 * native code in which that happens throws an exception that nobody can catch: the process would abort instead of ending as it was told.
 */
export class NativeSection {
  constructor(private readonly state: SharedSection) {}

  /** Called in the thread, before native code. Never returns once the section is closed: the process is about to end. */
  enter(): void {
    if (Atomics.compareExchange(this.state, 0, OUTSIDE, INSIDE) === CLOSED) Atomics.wait(this.state, 0, CLOSED);
  }

  /** Called in the thread, after native code. */
  leave(): void {
    Atomics.compareExchange(this.state, 0, INSIDE, OUTSIDE);
    Atomics.notify(this.state, 0);
  }

  /** Called by the thread's owner: waits, without an event loop, until the thread is outside, and keeps it there. */
  close(timeoutMs: number): void {
    const end = performance.now() + timeoutMs;
    while (Atomics.compareExchange(this.state, 0, OUTSIDE, CLOSED) === INSIDE) {
      const left = end - performance.now();
      if (left <= 0) return;
      Atomics.wait(this.state, 0, INSIDE, left);
    }
  }
}
