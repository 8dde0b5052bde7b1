import type { CtrInput, CtrInputBuilder } from '../input/ctr-input.js';
import type { InputSpec } from '../input/input-spec.js';
import type { InferenceEngine } from '../scoring/inference-engine.js';
import { type GoldenRow, ModelRefusedError, type Precision } from './model-store.js';

/**
 * Largest difference between a probability here and the one at export, as gqr_learner/ctr/export.py has it. ONNX Runtime's kernels differ by
 * about 1e-7 between machines in fp32; int8 scales activations by batch, so that a row alone has other numbers than in company.
 */
export const PROBABILITY_BOUNDS: Readonly<Record<Precision, number>> = { fp32: 1e-4, fp16: 5e-3, int8: 5e-2 };

function firstDifference(built: Int32Array, golden: readonly number[]): number | undefined {
  for (let i = 0; i < Math.max(built.length, golden.length); i++) if (built[i] !== golden[i]) return i;
  return undefined;
}

/**
 * Builds the inputs of the golden rows and compares them with those of training, number by number.
 * @throws ModelRefusedError naming the first row that differs: the tokenizer or the layout is not the one the model was trained with
 */
export function buildGoldenInputs(builder: CtrInputBuilder, golden: readonly GoldenRow[]): CtrInput[] {
  return golden.map((row, number) => {
    const chosen = row.chosen.map((text) => builder.tokenize(text));
    const sources = builder.sources(builder.read(row), (text) => builder.tokenize(text));
    const prefix = builder.prefix(row.taskId, builder.tokenize(row.query), chosen, sources);
    const built = builder.build(prefix, builder.tokenize(row.candidate));
    for (const name of ['inputIds', 'segmentIds', 'domainIds'] as const) {
      const index = firstDifference(built[name], row[name]);
      if (index !== undefined) {
        const values = `${String(built[name][index])} here, ${String(row[name][index])} in training`;
        throw new ModelRefusedError(
          'SELF_TEST_FAILED',
          `${name} of golden row ${String(number)} differs at token ${String(index)}: ${values}`,
        );
      }
    }
    return built;
  });
}

/**
 * Runs the golden rows, in one batch and each alone, and compares the probabilities with those at export.
 * @throws ModelRefusedError naming the first row that is off by more than the bound of its precision
 */
export async function checkGoldenProbabilities(
  engine: InferenceEngine,
  inputs: readonly CtrInput[],
  golden: readonly GoldenRow[],
  precision: Precision,
): Promise<void> {
  const together = (await engine.run(inputs)).probabilities;
  for (const [number, input] of inputs.entries()) {
    const [alone] = (await engine.run([input])).probabilities;
    for (const actual of [together[number], alone]) {
      const expected = golden[number]?.probability ?? NaN;
      // Written so that NaN fails too.
      if (actual !== undefined && Math.abs(actual - expected) <= PROBABILITY_BOUNDS[precision]) continue;
      const values = `${String(actual)} here, ${String(expected)} at export`;
      throw new ModelRefusedError('SELF_TEST_FAILED', `the click probability of golden row ${String(number)} is ${values}`);
    }
  }
}

/**
 * Runs one of the inputs as every task that input.json names and as an unknown one, since no golden row may be of that task.
 * @throws ModelRefusedError naming the task for which the network says something that is no probability
 */
export async function checkTasks(engine: InferenceEngine, [input]: readonly CtrInput[], { tasks, unknownTask }: InputSpec): Promise<void> {
  if (input === undefined) return;
  const ids = new Map([...tasks, ['any other', unknownTask]]);
  const { probabilities } = await engine.run([...ids.values()].map((taskId) => ({ ...input, taskId })));
  for (const [index, task] of [...ids.keys()].entries()) {
    const probability = probabilities[index] ?? NaN;
    if (probability >= 0 && probability <= 1) continue;
    throw new ModelRefusedError('SELF_TEST_FAILED', `the click probability for task "${task}" is ${String(probability)}`);
  }
}
