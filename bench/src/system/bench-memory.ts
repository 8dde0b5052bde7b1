import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { sum } from '../report/quantiles.js';
import { mebibytes, printTable, printTitle, ratio } from '../report/table.js';
import { recommendEverything } from './recommend-everything.js';
import { type ProcessMemory, RunningSystem } from './running-system.js';

const BUDGET_BYTES = 3 * 2 ** 30;

/** Nothing for a process that has ended meanwhile. */
const sizeOf = (bytes: number | undefined): string => (bytes === undefined ? '' : mebibytes(bytes));

/** Resident memory of the whole system, when it is ready and when it has worked. */
export async function benchMemory(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { lists: { type: 'string', default: '60' } } });
  printTitle(`Memory: every process of npm start, on a new state folder, ready and after ${values.lists} lists`);
  const dataDir = mkdtempSync(join(tmpdir(), 'gqr-bench-'));
  const system = await RunningSystem.start(dataDir);
  const missing: string[] = [];
  await system.untilReady((service) => missing.push(service));
  const ready = system.memory();
  await recommendEverything(system.grpc, Number(values.lists));
  const worked = system.memory();
  const after = (name: string): ProcessMemory | undefined => worked.find((process) => process.name === name);
  const rows = ready.map(({ name, residentBytes }) => [
    name,
    mebibytes(residentBytes),
    sizeOf(after(name)?.residentBytes),
    sizeOf(after(name)?.proportionalBytes),
  ]);
  const total = (processes: readonly ProcessMemory[], of: (process: ProcessMemory) => number): number => sum(processes.map(of));
  const totals = [
    total(ready, (process) => process.residentBytes),
    total(worked, (process) => process.residentBytes),
    total(worked, (process) => process.proportionalBytes),
  ];
  printTable(
    ['', 'resident, ready', 'resident, at work', 'shared pages once'],
    [...rows, ['all', ...totals.map(mebibytes)], ['of the budget of 3 GiB', ...totals.map((bytes) => ratio(bytes, BUDGET_BYTES))]],
  );
  if (missing.length > 0) console.log(`\nWithout a model, and so smaller than it will be: ${missing.join(', ')}.`);
  console.log('\nThe learner, which runs only while a model is trained, comes on top. "cli" imports the starter sessions and ends.');
  await system.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
