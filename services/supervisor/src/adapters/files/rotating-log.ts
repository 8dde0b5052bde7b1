import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotationOptions {
  /** Size from which on a new file is begun. */
  readonly maxBytes: number;
  /** Older files that are kept: name.1 is the latest of them. */
  readonly keep: number;
}

const DEFAULTS: RotationOptions = { maxBytes: 10 * 2 ** 20, keep: 3 };
const TAIL_BYTES = 4_096;

/** A log file that does not grow for ever. A disk that refuses it costs log lines, never the service that wrote them. */
export class RotatingLog {
  private file: number | undefined;
  private bytes = 0;
  private tail = '';

  constructor(
    readonly path: string,
    private readonly onError: (error: unknown) => void,
    private readonly options: RotationOptions = DEFAULTS,
  ) {
    mkdirSync(dirname(path), { recursive: true });
  }

  write(chunk: Buffer): void {
    this.tail = (this.tail + chunk.toString()).slice(-TAIL_BYTES);
    try {
      if (this.bytes + chunk.length > this.options.maxBytes && this.bytes > 0) this.rotate();
      writeSync(this.file ?? this.open(), chunk);
      this.bytes += chunk.length;
    } catch (error) {
      this.onError(error);
    }
  }

  /** The last lines that were written. */
  lastLines(count: number): string[] {
    return this.tail.trimEnd().split('\n').slice(-count);
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private open(): number {
    this.file = openSync(this.path, 'a');
    this.bytes = statSync(this.path).size;
    return this.file;
  }

  private rotate(): void {
    this.close();
    for (let n = this.options.keep; n >= 1; n--) {
      const from = n === 1 ? this.path : `${this.path}.${String(n - 1)}`;
      if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${this.path}.${String(n)}`);
    }
    this.bytes = 0;
  }
}
