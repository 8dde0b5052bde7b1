import { Worker } from 'node:worker_threads';
import type { Estimates } from '../../domain/scoring/inference-engine.js';
import { NativeSection, newSection } from './native-section.js';
import type { PackedBatch, SessionData, SessionReply } from './session-messages.js';

/** How long an exit waits for a thread: far longer than a batch or loading takes. A network that hangs does not hold the process for ever. */
const EXIT_WAIT_MS = 60_000;

/** Sections of all threads that have not ended. */
const sections = new Set<NativeSection>();
process.on('exit', () => {
  for (const section of sections) section.close(EXIT_WAIT_MS);
});

/**
 * An ONNX Runtime session in a thread of its own. Runs one batch at a time. Its thread ends by itself: to terminate it in the midst of a
 * batch would abort the process.
 */
export class SessionThread {
  private waiting: PromiseWithResolvers<SessionReply> | undefined;
  private ended: Error | undefined;
  private readonly gone: Promise<void>;
  /** What computes: "cpu", "cuda", ... */
  provider = '';

  private constructor(
    private readonly worker: Worker,
    private readonly section: NativeSection,
  ) {
    sections.add(section);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.gone = promise;
    worker.on('message', (message: SessionReply) => {
      this.waiting?.resolve(message);
      this.waiting = undefined;
    });
    const end = (error: Error): void => {
      this.ended ??= error;
      this.waiting?.reject(this.ended);
      this.waiting = undefined;
    };
    worker.on('error', end);
    worker.on('exit', () => {
      sections.delete(section);
      end(new Error('the thread of the session has ended'));
      resolve(undefined);
    });
  }

  /** @throws Error saying why no provider can load the network */
  static async open(options: Omit<SessionData, 'section'>): Promise<SessionThread> {
    const section = newSection();
    const workerData: SessionData = { ...options, section };
    const worker = new Worker(new URL('./onnx-session.worker.js', import.meta.url), { workerData });
    const thread = new SessionThread(worker, new NativeSection(section));
    const reply = await thread.reply();
    if (reply.type === 'ready') {
      thread.provider = reply.provider;
      return thread;
    }
    await thread.gone;
    throw new Error('reason' in reply ? reply.reason : `the session began with ${reply.type}`);
  }

  /** Whether it has ended on its own. */
  get isDead(): boolean {
    return this.ended !== undefined;
  }

  /** @throws Error if the network cannot be run on this batch, or the thread has ended */
  async run(batch: PackedBatch): Promise<Estimates> {
    if (this.ended !== undefined) throw this.ended;
    const reply = this.reply();
    this.worker.postMessage(batch, [batch.tokens.buffer, batch.lengths.buffer, batch.tasks.buffer]);
    const answer = await reply;
    if (answer.type === 'estimates') return { probabilities: answer.probabilities, uncertainties: answer.uncertainties };
    throw new Error('reason' in answer ? answer.reason : `the session answered with ${answer.type}`);
  }

  async close(): Promise<void> {
    if (this.ended === undefined) this.worker.postMessage('close');
    await this.gone;
  }

  private reply(): Promise<SessionReply> {
    this.waiting = Promise.withResolvers<SessionReply>();
    return this.waiting.promise;
  }
}
