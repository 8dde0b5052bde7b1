import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { quantile } from '../report/quantiles.js';
import { printTable, printTitle, ratio, seconds } from '../report/table.js';
import { recommendEverything } from './recommend-everything.js';
import { RunningSystem } from './running-system.js';

const BUDGET_MS = 20_000;
const READY = 'everything ready';
const ANSWERED = 'first list answered';

/** Milliseconds from the start until each service is ready, until all are, and until a first list is there. */
async function measureStart(dataDir: string, missing: Set<string>): Promise<Map<string, number>> {
  const system = await RunningSystem.start(dataDir);
  const times = await system.untilReady((service) => missing.add(service));
  times.set(READY, Math.max(...times.values()));
  await recommendEverything(system.grpc, 1);
  times.set(ANSWERED, system.age);
  await system.stop();
  return times;
}

/** Time until the system is ready: on a new state folder, and again on the same. */
export async function benchStart(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { again: { type: 'string', default: '3' } } });
  printTitle(`Start: from npm start to ready, on a new state folder, then ${values.again} times again on the same`);
  const dataDir = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
  const missing = new Set<string>();
  const first = await measureStart(dataDir, missing);
  const again: Map<string, number>[] = [];
  for (let index = 0; index < Number(values.again); index++) again.push(await measureStart(dataDir, missing));
  const rows = [...first].map(([name, firstMs]) => {
    const medianMs = quantile(
      again.map((times) => times.get(name) ?? NaN),
      0.5,
    );
    return [name, seconds(firstMs), seconds(medianMs), ratio(medianMs, firstMs), name === READY ? ratio(medianMs, BUDGET_MS) : ''];
  });
  printTable(['', 'first', 'again (median)', 'again / first', 'again, of the budget of 20 s'], rows);
  if (missing.size > 0) console.log(`\nNot waited for, because there is no model for it: ${[...missing].join(', ')}.`);
  rmSync(dataDir, { recursive: true, force: true });
}
