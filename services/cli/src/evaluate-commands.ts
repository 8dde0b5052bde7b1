import { type Command, Option } from 'commander';
import { collect, decimalAboveZero, integerBetween, integerFrom } from './arguments.js';
import { evaluateGeneration, type EvaluateGenerationOptions } from './commands/evaluate-generation.js';
import { addEvaluateCtr } from './evaluate-ctr-commands.js';
import { examples, type Run } from './help.js';

const COUNT = integerFrom(1);

/** The commands by which models are judged. */
export function addEvaluate(program: Command, run: Run): void {
  const evaluate = program.command('evaluate').description('judge models on what they were not trained on');
  evaluate
    .command('generation')
    .summary('write lists and judge them')
    .description(
      'Writes lists for prompts, by one policy or several in turn, and judges them: whether they parse and differ, how related and how exclusive ' +
        'their queries are (paper appendix B.1), how long they are and how long they took. The report has intervals, win, tie and loss against the ' +
        'first policy, and plots. Needs the learner on this machine; nothing is logged as shown.',
    )
    .option('--prompts <file>', 'prompts, a JSON object a line; the test split of the written instances if left out')
    .addOption(new Option('-t, --task <id>', 'task; may be repeated').argParser(collect).default([], 'all that the prompts have'))
    .addOption(
      new Option(
        '--policy <version>',
        'policy; may be repeated, the first is what the others are held against. "base" is the bare model, "few-shot" the bare model with ' +
          'written examples in its prompt, "serving" the one that serves',
      )
        .argParser(collect)
        .default([], 'the one that serves'),
    )
    .option(
      '--examples <number>',
      'examples for few-shot, from the training split; those that do not fit are left out',
      integerBetween(1, 8),
      3,
    )
    .option('--limit <number>', 'prompts of a task at most', COUNT)
    .option('-l, --lists <number>', 'lists for each prompt and policy', COUNT, 1)
    .option('-c, --concurrency <number>', 'lists that are written at the same time', COUNT, 2)
    .addOption(new Option('--temperature <number>', 'above 0; the task’s own if left out').argParser(decimalAboveZero))
    .option('--seed <number>', 'the same seed writes the same lists', integerFrom(0), 0)
    .option(
      '--judge <command>',
      'a judge of your own, such as a large language model: gets a list a line, answers a line of verdicts for each',
    )
    .option('--out <folder>', 'folder of the report; one that holds a part of this evaluation is gone on with')
    .addHelpText(
      'after',
      examples(
        'npx gqr evaluate generation --limit 10',
        'npx gqr evaluate generation -t suggestion --limit 5 --policy base --policy serving',
        'npx gqr evaluate generation --limit 5 --policy few-shot --examples 5 --policy serving',
      ),
    )
    .action((options: EvaluateGenerationOptions) => run(evaluateGeneration(options)));
  addEvaluateCtr(evaluate, run);
}
