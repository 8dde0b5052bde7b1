import { type Options, SingleBar } from 'cli-progress';
import { formatBytes, formatSeconds } from './format.js';
import type { Stream } from './terminal.js';

/** How far a piece of work is. */
export interface ProgressUpdate {
  /** What is being done, such as "train (4 of 7)". */
  readonly title: string;
  readonly done: number;
  /** 0 when unknown. */
  readonly total: number;
  readonly unit: string;
  /** Units a second; 0 when unknown. */
  readonly rate: number;
  readonly secondsLeft?: number | undefined;
  readonly message?: string | undefined;
}

const PLAIN_EVERY_MS = 5_000;

const BAR: Options = {
  format: '{title}  {bar} {percentage}%  {details}',
  barsize: 24,
  barCompleteChar: '█',
  barIncompleteChar: '░',
  hideCursor: true,
  clearOnComplete: true,
  fps: 10,
};

function amount(value: number, unit: string): string {
  return unit === 'bytes' ? formatBytes(value) : `${String(Math.round(value))}${unit === '' ? '' : ` ${unit}`}`;
}

/** Amount, rate and time left in words. */
export function describeProgress(update: ProgressUpdate): string {
  const { done, total, unit, rate, secondsLeft, message } = update;
  const parts: string[] = [];
  if (total > 0) parts.push(`${unit === 'bytes' ? formatBytes(done) : String(Math.round(done))} of ${amount(total, unit)}`);
  else if (done > 0) parts.push(amount(done, unit));
  if (rate > 0) parts.push(unit === 'bytes' ? `${formatBytes(rate)}/s` : `${rate < 10 ? rate.toFixed(1) : rate.toFixed(0)}/s`);
  if (secondsLeft !== undefined) parts.push(`${formatSeconds(secondsLeft)} left`);
  if (message !== undefined && message !== '') parts.push(message);
  return parts.join('  ');
}

/** Shows progress: a bar on a terminal; elsewhere a line at every stage, and now and then one between. */
export class ProgressDisplay {
  private bar: SingleBar | undefined;
  private title = '';
  private plainAt = 0;

  constructor(private readonly stream: Stream) {}

  update(update: ProgressUpdate): void {
    if (this.stream.isTTY === true) this.drawBar(update);
    else this.writePlain(update);
    this.title = update.title;
  }

  /** Takes the bar away, so that something else can be written. */
  clear(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private drawBar(update: ProgressUpdate): void {
    const payload = { title: update.title, details: describeProgress(update) };
    const total = update.total > 0 ? update.total : 1;
    const done = update.total > 0 ? Math.min(update.done, total) : 0;
    if (this.bar === undefined || this.title !== update.title) {
      this.clear();
      this.bar = new SingleBar({ ...BAR, stream: this.stream });
      this.bar.start(total, done, payload);
    }
    this.bar.setTotal(total);
    this.bar.update(done, payload);
  }

  private writePlain(update: ProgressUpdate): void {
    if (update.title === this.title && Date.now() - this.plainAt < PLAIN_EVERY_MS) return;
    this.plainAt = Date.now();
    this.stream.write(`${update.title}  ${describeProgress(update)}`.trimEnd() + '\n');
  }
}
