// npm run bench: sets up what is missing, then runs a benchmark. Plain Node, because it runs before any package is installed.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runAttached } from '../services/supervisor/setup/command.mjs';
import { runMain } from '../services/supervisor/setup/failure.mjs';
import { prepareLearner } from '../services/supervisor/setup/learner-environment.mjs';
import { pinnedNode, prepare } from '../services/supervisor/setup/prepare.mjs';
import { Progress } from '../services/supervisor/setup/progress.mjs';

await runMain(async () => {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const progress = new Progress();
  const variables = await prepare({ root, progress });
  if (process.argv[2] === 'rollout')
    variables['GQR_LEARNER_PYTHON'] = await prepareLearner({ root, cache: variables['GQR_CACHE'] ?? '', progress });
  const main = join(root, 'bench', 'dist', 'src', 'main.js');
  process.exitCode = await runAttached(pinnedNode(root), [main, ...process.argv.slice(2)], { cwd: root, env: variables });
});
