import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const OUTPUT = ['probability'];

/** A click predictor in ONNX Runtime alone: no texts, no queue, no sockets, tensors made beforehand. Settings are those of services/ctr. */
export class RawNetwork {
  private constructor(private readonly session: InferenceSession) {}

  static async open(folder: string): Promise<RawNetwork> {
    const settings = { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1, enableMemPattern: false } as const;
    return new RawNetwork(await InferenceSession.create(join(folder, 'model.onnx'), { ...settings, graphOptimizationLevel: 'all' }));
  }

  /** Inputs a second for batches of one shape. */
  async throughput(inputs: number, tokens: number, forMs: number): Promise<number> {
    const plane = (value: () => bigint): Tensor =>
      new Tensor('int64', BigInt64Array.from({ length: inputs * tokens }, value), [inputs, tokens]);
    const feeds = {
      input_ids: plane(() => BigInt(5 + Math.floor(Math.random() * 1_000))),
      segment_ids: plane(() => 0n),
      domain_ids: plane(() => 0n),
      attention_mask: plane(() => 1n),
      task_ids: new Tensor('int64', new BigInt64Array(inputs), [inputs]),
    };
    await this.session.run(feeds, OUTPUT);
    const startedAt = performance.now();
    let batches = 0;
    while (performance.now() < startedAt + forMs) {
      await this.session.run(feeds, OUTPUT);
      batches++;
    }
    return (batches * inputs * 1_000) / (performance.now() - startedAt);
  }
}
