import { messageOf } from '@gqr/chassis/errors';
import type { CtrInput } from '../../domain/input/ctr-input.js';
import { ModelRefusedError } from '../../domain/model/model-store.js';
import { type Estimates, type InferenceEngine, InferenceError } from '../../domain/scoring/inference-engine.js';
import type { PackedBatch } from './session-messages.js';
import { SessionThread } from './session-thread.js';

export interface OnnxOptions {
  /** Sessions, each in a thread of its own with its own copy of the weights. */
  readonly sessions: number;
  /** Threads of one session. */
  readonly threads: number;
  /** Execution providers to try, in this order. */
  readonly providers: readonly string[];
}

function pack(batch: readonly CtrInput[]): PackedBatch {
  const size = batch.length;
  const length = Math.max(...batch.map((input) => input.inputIds.length));
  const tokens = new Int32Array(3 * size * length);
  batch.forEach((input, row) => {
    tokens.set(input.inputIds, row * length);
    tokens.set(input.segmentIds, (size + row) * length);
    tokens.set(input.domainIds, (2 * size + row) * length);
  });
  const lengths = Int32Array.from(batch, (input) => input.inputIds.length);
  return { size, length, tokens, lengths, tasks: Int32Array.from(batch, (input) => input.taskId) };
}

/** Runs a network in ONNX Runtime, off the event loop. A thread that dies is replaced at the next batch. */
export class OnnxEngine implements InferenceEngine {
  private readonly idle: SessionThread[];

  private constructor(
    private readonly path: string,
    private readonly options: OnnxOptions,
    private readonly threads: Set<SessionThread>,
    readonly executionProvider: string,
  ) {
    this.idle = [...threads];
  }

  /** @throws ModelRefusedError if the network cannot be loaded */
  static async open(path: string, options: OnnxOptions): Promise<OnnxEngine> {
    const threads = new Set<SessionThread>();
    try {
      for (let i = 0; i < options.sessions; i++) threads.add(await SessionThread.open({ path, ...options }));
    } catch (error) {
      await Promise.all([...threads].map((thread) => thread.close()));
      throw new ModelRefusedError('MODEL_DAMAGED', `the network cannot be loaded: ${messageOf(error)}`);
    }
    const [first] = threads;
    return new OnnxEngine(path, options, threads, first?.provider ?? '');
  }

  get concurrency(): number {
    return this.options.sessions;
  }

  async run(batch: readonly CtrInput[]): Promise<Estimates> {
    const thread = this.idle.pop();
    if (thread === undefined) throw new InferenceError('all sessions are busy');
    let alive = thread;
    try {
      if (thread.isDead) {
        alive = await SessionThread.open({ path: this.path, ...this.options });
        this.threads.delete(thread);
        this.threads.add(alive);
      }
      return await alive.run(pack(batch));
    } catch (error) {
      throw new InferenceError(`the network could not be run: ${messageOf(error)}`);
    } finally {
      this.idle.push(alive);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.threads].map((thread) => thread.close()));
  }
}
