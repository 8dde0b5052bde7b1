const BAR = 24;
const REDRAW_MS = 100;
const PLAIN_EVERY_MS = 10_000;

/**
 * @typedef {object} Update what is known of a task under way
 * @property {number} [done] units done
 * @property {number} [total] units in all
 * @property {'bytes' | string} [unit] what a unit is
 * @property {string} [note] what there is to say, in a few words
 */

/** @param {number} bytes */
export function formatBytes(bytes) {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** @param {number} seconds */
export function formatSeconds(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 100 ? `${seconds.toFixed(0)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/**
 * How far a task is, in words: share, amount and time left as far as they are known.
 * @param {Update} update
 * @param {number} elapsedSeconds
 */
export function describe(update, elapsedSeconds) {
  const { done = 0, total = 0, unit = '', note } = update;
  const amount = (/** @type {number} */ n) => (unit === 'bytes' ? formatBytes(n) : `${Math.round(n)}`);
  const parts = [];
  if (total > 0) {
    const share = Math.min(1, done / total);
    const filled = Math.round(share * BAR);
    parts.push(`${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${Math.floor(share * 100)}%`);
    parts.push(`${amount(done)} of ${amount(total)}${unit === 'bytes' || unit === '' ? '' : ` ${unit}`}`);
    if (share > 0.05 && share < 1) parts.push(`${formatSeconds((elapsedSeconds / share) * (1 - share))} left`);
  } else parts.push(formatSeconds(elapsedSeconds));
  if (note) parts.push(note);
  return parts.join('  ');
}

/** Shows tasks one after the other: a line that is redrawn on a terminal, now and then a line elsewhere. */
export class Progress {
  /** @param {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} stream */
  constructor(stream = process.stdout) {
    this.stream = stream;
  }

  /**
   * Begins a task. Exactly one of `end` and `fail` must follow.
   * @param {string} title
   */
  begin(title) {
    return new Task(this.stream, title);
  }

  /** @param {string} text */
  say(text) {
    this.stream.write(`${text}\n`);
  }
}

/** One task on the screen. */
export class Task {
  /**
   * @param {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} stream
   * @param {string} title
   */
  constructor(stream, title) {
    this.stream = stream;
    this.title = title;
    this.startedAt = performance.now();
    this.drawnAt = 0;
    /** @type {Update} */
    this.last = {};
    if (!stream.isTTY) stream.write(`  ${title} ...\n`);
    this.timer = setInterval(() => this.draw(), stream.isTTY ? 1_000 : PLAIN_EVERY_MS);
    this.timer.unref();
    this.drawnAt = performance.now();
  }

  get elapsedSeconds() {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** @param {Update} update */
  update(update) {
    this.last = { ...this.last, ...update };
    if (performance.now() - this.drawnAt >= (this.stream.isTTY ? REDRAW_MS : PLAIN_EVERY_MS)) this.draw();
  }

  /** @param {string} [result] */
  end(result) {
    this.finish(`✓ ${this.title}${result === undefined ? '' : `: ${result}`} (${formatSeconds(this.elapsedSeconds)})`);
  }

  fail() {
    this.finish(`✗ ${this.title}`);
  }

  /** @param {string} line */
  finish(line) {
    clearInterval(this.timer);
    this.stream.write(this.stream.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
  }

  draw() {
    this.drawnAt = performance.now();
    const line = `  ${this.title}  ${describe(this.last, this.elapsedSeconds)}`;
    this.stream.write(this.stream.isTTY ? `\r\x1b[K${line.slice(0, (this.stream.columns ?? 80) - 1)}` : `${line}\n`);
  }
}

/**
 * Does `work` as a task on the screen.
 * @template T
 * @param {Progress} progress
 * @param {string} title
 * @param {(task: Task) => Promise<T>} work
 * @param {(result: T) => string | undefined} [describeResult]
 * @returns {Promise<T>}
 */
export async function showing(progress, title, work, describeResult) {
  const task = progress.begin(title);
  try {
    const result = await work(task);
    task.end(describeResult?.(result));
    return result;
  } catch (error) {
    task.fail();
    throw error;
  }
}
