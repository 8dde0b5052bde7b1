import { planPorts, planServices } from '../src/domain/service-plan.js';
import { runMain } from '../setup/failure.mjs';
import { runSupervisor } from '../src/run-supervisor.js';

/** The supervisor over the fake services of a folder that a test has laid out. */
const [root = '', dataDir = '', portBase = '', drainSeconds = '2'] = process.argv.slice(2);
await runMain(async () => {
  const plans = planServices({
    root,
    dataDir,
    cacheDir: dataDir,
    host: '127.0.0.1',
    ports: planPorts({ base: Number(portBase) }),
    languageModel: { path: 'model.gguf', sha256: '0'.repeat(64), threads: 1 },
    gatewaySecret: 'secret',
    acceptOccurredAt: 'true',
    drainSeconds: Number(drainSeconds),
  });
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  await runSupervisor({ root, dataDir, drainSeconds: Number(drainSeconds), plans, say });
  process.exit();
});
