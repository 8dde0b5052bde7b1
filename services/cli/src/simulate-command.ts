import { resolve as resolvePath } from 'node:path';
import { type Command, Option } from 'commander';
import { collect, decimalAboveZero, integerFrom } from './arguments.js';
import { attach, resume, simulate } from './commands/simulate.js';
import { examples, type Run } from './help.js';

const COUNT = integerFrom(1);

interface SimulateOptions {
  readonly impressions: number;
  readonly days?: number;
  readonly users?: number;
  readonly scripts?: number;
  readonly seed?: number;
  readonly task: string[];
  readonly concurrency?: number;
  readonly rate?: number;
  readonly policy: string;
  readonly world?: string;
  readonly realTime?: true;
  readonly detach?: true;
  readonly attach?: true;
  readonly resume?: string | true;
}

/** The command by which simulated users come. */
export function addSimulate(program: Command, run: Run): void {
  program
    .command('simulate')
    .summary('let simulated users ask and click')
    .description(
      'Lets a population of simulated users ask, read lists and click, over the same API as everyone. All that they do is logged and ' +
        'labelled as simulated. When it has ended, a report with plots lies in the folder that is shown: for evaluation only, since it knows what ' +
        'the users wanted. Ctrl-C asks whether to cancel it.',
    )
    .option('-n, --impressions <number>', 'lists to show', COUNT, 1_000)
    .option('--days <number>', 'days over which the sessions are spread, up to now', COUNT)
    .option('--users <number>', 'users in the population', COUNT)
    .option(
      '--scripts <number>',
      'different courses of a session; the fewer, the more often queries come again and the less there is to write',
      COUNT,
    )
    .option('--seed <number>', 'the same seed makes the same world, users and sessions', integerFrom(0))
    .addOption(new Option('-t, --task <id>', 'task to ask for; may be repeated; all if left out').argParser(collect).default([], 'all'))
    .option('-c, --concurrency <number>', 'sessions under way at a time', COUNT)
    .addOption(new Option('--rate <number>', 'lists a second at most; as fast as they come if left out').argParser(decimalAboveZero))
    .option(
      '--policy <name>',
      'what makes the lists: gateway, or lists of known quality that need no gateway and are not logged: good, ordinary, poor, unrelated',
      'gateway',
    )
    .option('--world <path>', 'world to live in, on the machine of the simulator: a folder, or a file of sessions (.tsv)')
    .option('--real-time', 'users act on the wall clock and take their time, to be watched on the console')
    .option('-d, --detach', 'start it and do not watch it')
    .option('--attach', 'watch the latest one, and start none')
    .option('--resume [id]', 'go on with one that was cut off, cancelled or failed; the latest without an id. It keeps its options')
    .addHelpText(
      'after',
      examples(
        'npx gqr simulate --impressions 200',
        'npx gqr simulate -n 3000 --days 14 --seed 1 --concurrency 8',
        'npx gqr simulate -n 20000 --days 22 --users 2000 --scripts 150',
        'npx gqr simulate --users 200 --days 22 --rate 50 --policy ordinary',
        'npx gqr simulate -n 20 --real-time --rate 1',
        'npx gqr simulate --resume',
        'npx gqr simulate --attach',
      ),
    )
    .action((options: SimulateOptions) => {
      if (options.attach) return run(attach);
      if (options.resume !== undefined) return run(resume(options.resume === true ? 'last' : options.resume, options.detach === true));
      const spec = {
        impressions: BigInt(options.impressions),
        days: options.days ?? 0,
        users: options.users ?? 0,
        scripts: options.scripts ?? 0,
        seed: BigInt(options.seed ?? 0),
        tasks: options.task,
        concurrency: options.concurrency ?? 0,
        rate: options.rate ?? 0,
        policy: options.policy,
        world: options.world === undefined ? '' : resolvePath(options.world),
        realTime: options.realTime === true,
      };
      return run(simulate(spec, options.detach === true));
    });
}
