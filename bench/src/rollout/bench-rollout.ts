import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { Control } from '@gqr/protos/vllm/control';
import { Inference } from '@gqr/protos/vllm/inference';
import { CONVERSATIONS } from '../generation/conversations.js';
import { printTitle, ratio, seconds, startTable } from '../report/table.js';
import { STARTER_MODELS } from '../site.js';
import { type Counts, startRollout } from './rollout-server.js';

/** Tokens a second on two cores in bulk. */
const BUDGET = 350;
const CANDIDATES = 8;
const ADAPTER = 'suggestion';
/** Three lines, as the grammar of the generation service has them. */
const LINE = '[A-Za-z0-9](?: ?[^ \\x00-\\x1f\\x7f-\\x9f|\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufffd]){0,79}';
const LIST = [LINE, LINE, LINE].join('\\n');

type Client = GrpcClient<typeof Inference>;

/** A prompt of Template 1; the number makes it another one. */
function promptOf(index: number): string {
  const { query, response, history } = CONVERSATIONS[index % CONVERSATIONS.length] ?? CONVERSATIONS[0];
  const inputs = `Query: ${query} ${String(index)}\nAnswer: ${response}\nEarlier queries: ${history.map((turn) => turn.query).join(' | ')}`;
  const instructions =
    'You are an expert in query recommendation. Given a search query and side information, write 3 relevant queries that the user may ' +
    'want to search next. Each is short, specific and can be understood on its own.';
  return `<|im_start|>user\nInstructions:\n${instructions}\n\nInputs:\n${inputs}\n\nResponse:<|im_end|>\n<|im_start|>assistant\n`;
}

/** Tokens of one list. */
async function writeList(client: Client, index: number): Promise<number> {
  const { outputs } = await client.generate({
    prompt: { case: 'text', value: promptOf(Math.floor(index / CANDIDATES)) },
    loraName: ADAPTER,
    temperature: 0.8,
    sampling: { topK: 64, topP: 0.95, seed: BigInt(index) },
    decoding: { structuredOutput: { case: 'regex', value: LIST } },
    stopping: { maxNewTokens: 128 },
  });
  return outputs?.numTokens ?? 0;
}

/** Keeps `batch` lists under way until all are written. */
async function measure(client: Client, batch: number, lists: number, first: number): Promise<{ tokens: number; ms: number }> {
  let next = 0;
  let tokens = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: batch }, async () => {
      while (next < lists) {
        const written = await writeList(client, first + next++);
        tokens += written;
      }
    }),
  );
  return { tokens, ms: performance.now() - startedAt };
}

/** Tokens a second of the learner's rollout server as more texts are written at a time: eight lists a prompt, under a grammar, with an adapter. */
export async function benchRollout(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      batches: { type: 'string', default: '1,4,8,16,32,64,128' },
      lists: { type: 'string', default: '2' },
      threads: { type: 'string', default: '0' },
    },
  });
  const batches = values.batches.split(',').map(Number);
  printTitle(`Rollout: tokens a second as more lists are written at a time, ${String(CANDIDATES)} lists a prompt`);
  const policies = join(STARTER_MODELS, `policy.${ADAPTER}`);
  const [version = ''] = readdirSync(policies);
  const server = await startRollout({
    adaptersFolder: STARTER_MODELS,
    maxRunning: Math.max(...batches),
    threads: Number(values.threads),
  });
  console.log(`${server.says}\n`);
  const control = grpcClient(Control, server.address);
  await control.loadLora({ loraName: ADAPTER, sourcePath: join(policies, version, 'peft') });
  const client = grpcClient(Inference, server.address);
  const printRow = startTable([
    'at a time',
    'lists',
    'tokens a list',
    'took',
    'tokens/s',
    'tokens/CPU-s',
    `against ${String(batches[0])}`,
    'of the budget',
  ]);
  let alone = NaN;
  let first = 0;
  await measure(client, 2, 2, 1_000_000); // warm
  for (const batch of batches) {
    const lists = Math.max(CANDIDATES, batch * Number(values.lists));
    const cpuBefore = server.cpuMs();
    const { tokens, ms } = await measure(client, batch, lists, first);
    const cpuSeconds = (server.cpuMs() - cpuBefore) / 1_000;
    first += lists;
    const speed = (tokens / ms) * 1_000;
    if (Number.isNaN(alone)) alone = speed;
    printRow([
      String(batch),
      String(lists),
      (tokens / lists).toFixed(0),
      seconds(ms),
      speed.toFixed(0),
      (tokens / cpuSeconds).toFixed(0),
      ratio(speed, alone),
      ratio(speed, BUDGET),
    ]);
  }
  client.close();
  control.close();
  report(await server.stop());
}

function report({ prompt_tokens: sent, read_tokens: read }: Counts): void {
  console.log(`\nBudget: ${String(BUDGET)} tokens/s in bulk on two cores. Times hold reading the prompts and waiting for the last list.`);
  console.log(`Of ${String(sent)} tokens of prompts that were sent, ${String(read)} were evaluated (1/${(sent / read).toFixed(0)}).`);
}
