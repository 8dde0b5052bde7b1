import { cpSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grpcClient, type GrpcClient } from '@gqr/chassis/grpc/client';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';
import { startService } from '@gqr/chassis/testing/running-service';
import { normalise } from '@gqr/chassis/text/normalise';
import { GenerationService, type TaskDefinition } from '@gqr/protos/gqr/generation/v1/generation';
import { expect, it } from 'vitest';
import { neutralise } from '../src/domain/prompt/neutralise.js';
import { injections } from './injection-corpus.js';
import { NO_MODEL, realModel } from './real-model.js';

const lists = Number(process.env['GQR_LONG_RUN_LISTS'] ?? 0);
/** Services that share the work, each with a thread of its own. */
const services = Number(process.env['GQR_LONG_RUN_SERVICES'] ?? 1);
const root = new URL('../../../../', import.meta.url).pathname;

it('writes lists that parse at temperature 1.2, on every task and every injection', { timeout: 86_400_000 }, async ({ skip }) => {
  skip(lists === 0, 'takes a list about a second: GQR_LONG_RUN_LISTS=2000 npm test -- services/generation');
  skip(realModel === undefined, NO_MODEL);
  const folder = mkdtempSync(join(tmpdir(), 'gqr-long-run-'));
  const registry = new DirectoryRegistry(folder);
  for (const kind of ['policy.suggestion', 'policy.clarification', 'policy.hint', 'policy.completion']) {
    if (existsSync(join(root, 'starter/models', kind))) cpSync(join(root, 'starter/models', kind), join(folder, kind), { recursive: true });
    for (const { version } of await registry.list(kind)) await registry.setChannel({ kind, version }, 'stable');
  }
  const main = join(root, 'services/generation/dist/src/main.js');
  const env = {
    GQR_TASKS_DIR: join(root, 'services/generation/tasks'),
    GQR_REGISTRY: folder,
    GQR_LLM_MODEL: realModel?.path ?? '',
    GQR_LLM_MODEL_SHA256: realModel?.sha256 ?? '',
  };
  const faults: string[] = [];
  let redraws = 0;
  let written = 0;
  const note = (fault: string): void => {
    console.log(fault);
    faults.push(fault);
  };
  const writeList = async (client: GrpcClient<typeof GenerationService>, tasks: readonly TaskDefinition[], at: number): Promise<void> => {
    const task = tasks[at % tasks.length];
    const injection = injections[Math.floor(at / tasks.length) % (injections.length + 3)];
    const text = injection?.text.slice(0, 2_000) ?? 'how to store cooked rice safely';
    const query = task?.completes || neutralise(text) === '' ? 'how to st' : text;
    const answer = await client
      .generate({
        taskId: task?.taskId ?? '',
        context: { query, response: text, history: [{ query: text }] },
        cooccurrenceQueries: [text],
        decoding: { temperature: 1.2, topP: 1, minP: 0, seed: BigInt(at) },
      })
      .catch((error: unknown) => error);
    const list = answer as Awaited<ReturnType<typeof client.generate>>;
    const label = `${task?.taskId ?? ''} ${String(at)} ${injection?.name ?? 'plain'}`;
    if (answer instanceof Error) note(`${label}: ${answer.message}`);
    else {
      redraws += list.usage?.redraws ?? 0;
      const texts = list.queries.map((each) => each.text);
      const parses =
        new Set(texts.map(normalise)).size === task?.defaultCount &&
        task.auxiliaryTexts.every((name) => name in list.auxiliaryTexts) &&
        texts.every((each) => /^[^\n|]+$/.test(each) && !each.includes('<|'));
      if (!parses) note(`${label}: ${JSON.stringify(texts)}`);
    }
    if (++written % 100 === 0)
      console.log(`${String(written)} of ${String(lists)} lists, ${String(faults.length)} faults, ${String(redraws)} redraws`);
  };
  let next = 0;
  await Promise.all(
    Array.from({ length: services }, async () => {
      const service = await startService(main, env, 170_000);
      const client = grpcClient(GenerationService, service.grpc);
      const { tasks } = await client.listTasks({});
      while (next < lists) await writeList(client, tasks, next++);
      client.close();
      await service.stop();
    }),
  );
  expect(written).toBe(lists);
  expect(faults).toEqual([]);
});
