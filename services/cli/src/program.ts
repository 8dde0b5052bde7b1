import { Argument, Command, Option } from 'commander';
import { collect, collectPair, hostAndPort, integerFrom, runOptions, seconds } from './arguments.js';
import { click } from './commands/click.js';
import { importEvents } from './commands/import-events.js';
import { listModels, promoteModel, rollbackModel, showModel } from './commands/models.js';
import { buildRequest, recommend, type RecommendOptions } from './commands/recommend.js';
import { cancelRun, listRuns, showRun, train, watchRun } from './commands/runs.js';
import { showStatus } from './commands/status.js';
import { EXIT_CODES_HELP } from './exit-code.js';
import { examples, type Run } from './help.js';
import { addEvaluate } from './evaluate-commands.js';
import { addInstances } from './instance-commands.js';
import { addSimulate } from './simulate-command.js';
import { addTasks } from './task-commands.js';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json?: true;
  readonly gateway?: string;
  readonly generation?: string;
  readonly trainer?: string;
  readonly simulator?: string;
  readonly timeout: number;
}

const POSITION = integerFrom(1);
const COUNT = integerFrom(1);

function addRecommend(program: Command, run: Run): void {
  program
    .command('recommend')
    .summary('recommend queries for what a user asked')
    .description(
      'Asks for a list of recommended queries, as a search backend would, and shows it with click probabilities and sources. The list ' +
        'counts as shown: it is logged as an impression.',
    )
    .argument('[query]', 'the query of the user; not needed with --request')
    .option(
      '-t, --task <id>',
      'suggestion: what to ask after an answer; clarification: how to refine a writing request; hint: for the search box',
    )
    .option('-r, --response <text>', 'the answer that the assistant gave, or its draft')
    .addOption(
      new Option('--turn <query => answer>', 'an earlier exchange, oldest first; may be repeated').argParser(collect).default([], 'none'),
    )
    .option('-s, --session <id>', 'session to which the query belongs')
    .option('-u, --user <id>', 'pseudonymous user id')
    .option('-n, --count <number>', 'queries wanted', COUNT)
    .addOption(
      new Option('--side <name=value>', 'side information that the task declares; may be repeated')
        .argParser(collectPair)
        .default({}, 'none'),
    )
    .option('--clicked', 'the query is one that was recommended and clicked, not typed')
    .option('--request <file>', 'take the request from a file in proto3 JSON ("-": standard input); other options go over it')
    .option('--explain', 'show where each query comes from, the prompt, and the time by phase')
    .option('--stream', 'show each query as soon as it is written')
    .addHelpText(
      'after',
      examples(
        'npx gqr recommend "how do I repot a monstera"',
        'npx gqr recommend "best running shoes" --task hint --count 1',
        'npx gqr recommend "write a birthday poem for my sister" --task clarification --response "Roses are red ..." --explain',
        'npx gqr recommend "and in winter?" --turn "how often to water a monstera => Once a week." --session s1 --stream',
        '# A whole request in proto3 JSON:',
        `echo '{"taskId":"hint","query":"monstera care"}' | npx gqr recommend --request - --json`,
      ),
    )
    .action((query: string | undefined, options: RecommendOptions & { stream?: true }, command: Command) => {
      if (query === undefined && options.request === undefined) command.error("error: missing required argument 'query'");
      return run(recommend(buildRequest(query, options), options.stream === true));
    });
}

function addClick(program: Command, run: Run): void {
  program
    .command('click')
    .summary('record a click on a recommended query')
    .description('Records clicks on a list that was shown. A click that was recorded before counts once.')
    .argument('<impression>', 'id that came with the list, or "last" for the list that recommend showed last here')
    .addArgument(
      new Argument('[position...]', 'positions that were clicked, from 1').argParser((text: string, before: number[] | undefined) => [
        ...(before ?? []),
        POSITION(text),
      ]),
    )
    .addOption(new Option('--text <query>', 'clicked query by its text; may be repeated').argParser(collect).default([], 'none'))
    .option('-s, --session <id>', 'session of the click; with "last" that of the list')
    .addHelpText(
      'after',
      examples('npx gqr recommend "how do I repot a monstera"', 'npx gqr click last 1', 'npx gqr click last 2 3 --json'),
    )
    .action((impression: string, positions: number[], options: { text: string[]; session?: string }, command: Command) => {
      if (positions.length + options.text.length === 0) command.error('error: say what was clicked: a position, or --text');
      return run(click({ impression, positions, texts: options.text, session: options.session ?? '' }));
    });
}

function addEvents(program: Command, run: Run): void {
  const events = program.command('events').description('feed the log that GQR learns from');
  events
    .command('import')
    .summary('import events from files')
    .description(
      'Imports user queries, impressions and clicks into the event log. A file holds one event a line: gqr.events.v1.Event in proto3 ' +
        'JSON (protos/gqr/events/v1/events.proto); it may be gzipped. Faulty lines are reported and left out, the others imported. An event ' +
        'counts once, however often it is imported. With --json: {"imported", "rejected", "faults": [{"file", "line", "field", "description"}]}.',
    )
    .argument('<file...>', 'files of JSON lines')
    .option('--dry-run', 'say what is wrong with the events, and import nothing')
    .addHelpText(
      'after',
      examples(
        `echo '{"userQuery":{"eventId":"q1","sessionId":"s1","occurredAt":"2026-11-23T10:00:00Z","query":"monstera care"}}' > events.jsonl`,
        'npx gqr events import events.jsonl --dry-run',
        'npx gqr events import events.jsonl',
      ),
    )
    .action((files: string[], options: { dryRun?: true }) => run(importEvents(files, options.dryRun === true)));
}

function addTrain(program: Command, run: Run): void {
  const training = program.command('train').description('learn from the log');
  const kinds = [
    [
      'cooccurrence',
      'build the snapshot of what users asked next',
      '',
      ['npx gqr train cooccurrence', 'npx gqr train cooccurrence --detach'],
    ],
    [
      'ctr',
      'train the click predictor',
      '',
      ['npx gqr train ctr', 'npx gqr train ctr --set epochs=2', 'npx gqr train ctr --json > run.json'],
    ],
    [
      'sft',
      'train a task’s language model adapter on annotated instances',
      'suggestion',
      ['npx gqr train sft --task suggestion', 'npx gqr train sft --task hint --detach'],
    ],
  ] as const;
  for (const [kind, summary, task, lines] of kinds) {
    const command = training
      .command(kind)
      .summary(summary)
      .description(
        `Starts a run that will ${summary}, and watches it to its end: progress, rate, time left. The new model is judged, registered and ` +
          'served. Ctrl-C asks whether to cancel the run; on its own it goes on without this command.',
      )
      .addOption(new Option('--set <name=value>', 'an option of the run; may be repeated').argParser(collectPair).default({}, 'none'))
      .option('-d, --detach', 'start it and do not watch it')
      .addHelpText('after', examples(...lines));
    if (task !== '') command.option('-t, --task <id>', 'task whose adapter is trained', task);
    command.action((options: { set: Record<string, string>; detach?: true; task?: string }) =>
      run(train(kind, { ...(options.task !== undefined && { task: options.task }), ...runOptions(options.set) }, options.detach === true)),
    );
  }
}

function addRuns(program: Command, run: Run): void {
  const runs = program.command('runs').description('training runs');
  runs
    .command('list')
    .description('Lists runs, the latest first.')
    .option('-n, --limit <number>', 'at most this many', COUNT, 20)
    .addHelpText('after', examples('npx gqr runs list', 'npx gqr runs list --limit 5 --json'))
    .action((options: { limit: number }) => run(listRuns(options.limit)));
  runs
    .command('show')
    .description('Shows a run: options, progress, metrics, and why it failed if it did.')
    .argument('<run>', 'its id, or "last"')
    .addHelpText('after', examples('npx gqr runs show last', 'npx gqr runs show last --json'))
    .action((id: string) => run(showRun(id)));
  runs
    .command('watch')
    .description('Watches a run to its end. Ctrl-C asks whether to cancel it.')
    .argument('<run>', 'its id, or "last"')
    .addHelpText('after', examples('npx gqr runs watch last'))
    .action((id: string) => run(watchRun(id)));
  runs
    .command('cancel')
    .description('Cancels a run that is queued or running.')
    .argument('<run>', 'its id, or "last"')
    .addHelpText('after', examples('npx gqr runs cancel last'))
    .action((id: string) => run(cancelRun(id)));
}

function addModels(program: Command, run: Run): void {
  const models = program.command('models').description('models in the registry');
  models
    .command('list')
    .description('Lists models by kind, the latest first. The one on channel "stable" serves.')
    .option('-k, --kind <kind>', 'ctr, cooccurrence, policy.<task>', '')
    .addHelpText('after', examples('npx gqr models list', 'npx gqr models list --kind ctr --json'))
    .action((options: { kind: string }) => run(listModels(options.kind)));
  models
    .command('show')
    .description('Shows a model: files, metrics, the log that it learnt from, the configuration that made it.')
    .argument('<kind>', 'ctr, cooccurrence, policy.<task>')
    .argument('[version]', 'its version; the one that serves if it is left out')
    .addHelpText('after', examples('npx gqr models show ctr', 'npx gqr models show policy.suggestion --json'))
    .action((kind: string, version: string | undefined) => run(showModel(kind, version ?? '')));
  models
    .command('promote')
    .description('Lets a version serve. If a service refuses it, nothing changes.')
    .argument('<kind>', 'ctr, cooccurrence, policy.<task>')
    .argument('<version>', 'its version')
    .addHelpText('after', examples('npx gqr models list --kind ctr', 'npx gqr models promote ctr starter-1'))
    .action((kind: string, version: string) => run(promoteModel(kind, version)));
  models
    .command('rollback')
    .description('Lets the version serve that did before.')
    .argument('<kind>', 'ctr, cooccurrence, policy.<task>')
    .addHelpText('after', examples('npx gqr models rollback ctr'))
    .action((kind: string) => run(rollbackModel(kind)));
}

/** The whole command line. `run` is given what a command is to do. */
export function buildProgram(run: Run): Command {
  const program = new Command('gqr')
    .description('Query recommendation that learns from clicks: the command line of a GQR that npm start runs, or of one elsewhere.')
    .option('--json', 'print one JSON document on standard output, in proto3 JSON names where it is a message')
    .option('--gateway <host:port>', 'where the gateway is (GQR_GATEWAY_ADDRESS); by default the one that runs on GQR_DATA', hostAndPort)
    .option('--generation <host:port>', 'where the generation service is (GQR_GENERATION_ADDRESS)', hostAndPort)
    .option('--trainer <host:port>', 'where the trainer is (GQR_TRAINER_ADDRESS)', hostAndPort)
    .option('--simulator <host:port>', 'where the simulator is (GQR_SIMULATOR_ADDRESS)', hostAndPort)
    .addOption(new Option('--timeout <seconds>', 'time for a single call').argParser(seconds).default(30_000, '30'))
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      `${examples(
        'npx gqr status',
        'npx gqr recommend "how do I repot a monstera"',
        'npx gqr click last 1',
        'npx gqr simulate --impressions 500',
        'npx gqr train cooccurrence',
        'npx gqr models list',
      )}${EXIT_CODES_HELP}`,
    );
  addRecommend(program, run);
  addClick(program, run);
  addEvents(program, run);
  addTrain(program, run);
  addRuns(program, run);
  addModels(program, run);
  addSimulate(program, run);
  addTasks(program, run);
  addEvaluate(program, run);
  addInstances(program, run);
  program
    .command('status')
    .description('Shows the services that run here: readiness, restarts, memory, and the models that serve.')
    .addHelpText('after', examples('npx gqr status', 'npx gqr status --json'))
    .action(() => run(showStatus));
  return program;
}
