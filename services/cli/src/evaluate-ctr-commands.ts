import { type Command, Option } from 'commander';
import { collect, collectPair, integerFrom } from './arguments.js';
import { evaluateCtr, type EvaluateCtrOptions } from './commands/evaluate-ctr.js';
import { evaluateTable2, type EvaluateTable2Options } from './commands/evaluate-table2.js';
import { examples, type Run } from './help.js';

const COUNT = integerFrom(1);
const BACKBONES = ['bert', 'roberta', 'albert'];
const VARIANTS = ['base', 'pid', 'ctx'];
const SET = 'an option of the training, such as epochs=2; may be repeated';

/** The commands by which click predictors are judged. */
export function addEvaluateCtr(evaluate: Command, run: Run): void {
  evaluate
    .command('ctr')
    .summary('train a click predictor on one file and judge it on another')
    .description(
      'Trains a click predictor and judges it on later days: AUC with a 95% interval, AUC within a list and within a prompt, logloss, calibration, ' +
        'diff_ctr (Eq. 9), beside the mean click rate and that of the position; by task, position, length and day. Needs the learner on this machine ' +
        'and nothing else.',
    )
    .requiredOption('--train <file>', 'what to train on')
    .requiredOption('--test <file>', 'what to judge on; later than what was trained on')
    .option('--validation <file>', 'what stops and calibrates training; the end of --train if left out')
    .option('--truth <file>', 'true click probabilities of a simulated world; for judging only, training never reads them')
    .option(
      '--panel <file>',
      'situations with several candidates each, as the panel script of services/simulator writes them; for judging only',
    )
    .option('--panel-truth <file>', 'their true click probabilities, as ground-truth --each writes them')
    .addOption(
      new Option(
        '--format <format>',
        'gqr: events as for events import, or Parquet of the trainer; mimics: panes of MIMICS-Click, -ClickExplore or Duo',
      )
        .choices(['gqr', 'mimics'])
        .default('gqr'),
    )
    .addOption(new Option('--backbone <name>', 'kind of network').choices(BACKBONES).default('bert'))
    .addOption(new Option('--variant <name>', 'input of the network').choices([...VARIANTS, 'src']).default('ctx'))
    .option('--seeds <number>', 'trainings with different seeds', COUNT, 1)
    .addOption(new Option('--set <name=value>', SET).argParser(collectPair).default({}, 'none'))
    .option('--out <folder>', 'folder of the report; one that holds a part of this evaluation is gone on with')
    .addHelpText(
      'after',
      examples(
        'npx gqr evaluate ctr --train october.jsonl.gz --test november.jsonl.gz --seeds 3',
        'npx gqr evaluate ctr --train train.tsv --test test.tsv --format mimics --backbone albert --variant pid',
      ),
    )
    .action((options: EvaluateCtrOptions) => run(evaluateCtr(options)));
  evaluate
    .command('table2')
    .summary('the paper’s comparison of nine click predictors')
    .description(
      'Trains BERT, RoBERTa and ALBERT, each plain, with the position (+pid) and with context (+ctx), on a log with three tasks and on real clicks of ' +
        'MIMICS, with several seeds, and puts the paper’s Table 2 beside. Hints have the plain models alone: a list of one has no context.',
    )
    .option('--log <file>', 'events of the three tasks; the sessions that ship if left out')
    .option('--mimics <file>', 'panes with click rates; without it the real clicks are left out')
    .addOption(new Option('--backbone <name>', 'may be repeated').choices(BACKBONES).argParser(collect).default([], 'all'))
    .addOption(new Option('--variant <name>', 'may be repeated').choices(VARIANTS).argParser(collect).default([], 'all'))
    .option('--seeds <number>', 'trainings of each model with different seeds', COUNT, 3)
    .addOption(new Option('--set <name=value>', SET).argParser(collectPair).default({}, 'none'))
    .option('--results <file>', 'writes the report of a results.json that the learner computed elsewhere, and trains nothing')
    .option('--work <folder>', 'where trainings are kept, to go on from; a folder of its own in the data folder if left out')
    .option('--out <folder>', 'folder of the report; docs/results if left out')
    .addHelpText('after', examples('npx gqr evaluate table2', 'npx gqr evaluate table2 --log sessions.jsonl.gz --mimics duo.tsv --seeds 5'))
    .action((options: EvaluateTable2Options) => run(evaluateTable2(options)));
}
