import { parseArgs } from 'node:util';
import { readStageWorld } from './adapters/stage-world.js';
import { readMimics } from './adapters/tsv/mimics-file.js';
import { readBehaviour } from './adapters/yaml/behaviour-file.js';
import { standInPolicies } from './domain/measure/stand-in-policies.js';
import { SessionSource } from './domain/population/session-source.js';
import { CLICK_SHARES, WITHOUT_CLICK } from './domain/realism/mimics-duo.js';
import { type PaneShares, paneShares } from './domain/realism/pane-shares.js';

// How simulated clicks compare with real ones (MIMICS-Duo): node dist/src/realism.js [--world DIR] [--mimics FILE] [--sessions N]
// Prints Markdown. Without --mimics the real shares by position are those published; lengths need the file.
const { values } = parseArgs({
  options: {
    world: { type: 'string', default: 'world' },
    mimics: { type: 'string' },
    sessions: { type: 'string', default: '2000' },
  },
});
const { whole, judge } = readStageWorld(values.world);
const world = whole.only('training');
const behaviour = readBehaviour(values.world);
const policies = standInPolicies(world);
const real = values.mimics === undefined ? undefined : readMimics(values.mimics);
const fixed = (numbers: Iterable<number>): string => [...numbers].map((number) => number.toFixed(2)).join(' ');
const lengths = (shares: PaneShares | undefined): string =>
  [...(shares?.byWords ?? [])].map(([words, lift]) => `${words}: ${lift.toFixed(2)}`).join(', ') || 'unknown';

console.log('Simulated. Share of clicks by position, panes without a click, and clicks by words of an option relative to its position.\n');
console.log('| options | traffic | by position | without a click | by words |\n|---|---|---|---|---|');
for (const options of [2, 3, 4, 5]) {
  const measured = real?.get(options);
  const shares = measured?.byPosition ?? CLICK_SHARES[options] ?? [];
  console.log(`| ${options} | real | ${fixed(shares)} | ${(measured?.withoutClick ?? WITHOUT_CLICK).toFixed(2)} | ${lengths(measured)} |`);
  for (const task of ['suggestion', 'clarification'] as const) {
    const source = new SessionSource(world, judge, behaviour, { seed: 1n, users: 500, tasks: new Set([task]) });
    for (const name of ['good', 'ordinary']) {
      const policy = policies[name];
      if (policy === undefined) continue;
      const shown = paneShares(source, policy, behaviour.layouts[task], { task, options, sessions: Number(values.sessions) });
      console.log(`| ${options} | ${task}, ${name} | ${fixed(shown.byPosition)} | ${shown.withoutClick.toFixed(2)} | ${lengths(shown)} |`);
    }
  }
}
