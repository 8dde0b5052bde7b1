import { type Command, Option } from 'commander';
import { collect, collectPair, decimalAboveZero, integerFrom } from './arguments.js';
import { lintTasks, previewTask, type TaskInputs, tryTask, type TryOptions } from './commands/tasks.js';
import { examples, type Run } from './help.js';

const COUNT = integerFrom(1);

/** Inputs of a prompt, which previews and trials share. */
function withInputs(command: Command): Command {
  return command
    .argument('<task>', 'id of a task, or a task file')
    .argument('<query>', 'the query of the user')
    .option('-r, --response <text>', 'the answer that the assistant gave')
    .addOption(
      new Option('--turn <query => answer>', 'an earlier exchange, oldest first; may be repeated').argParser(collect).default([], 'none'),
    )
    .addOption(
      new Option('--cooccurrence <query>', 'a query that others asked next, best first; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option('--side <name=value>', 'side information that the task declares; may be repeated')
        .argParser(collectPair)
        .default({}, 'none'),
    )
    .option('-n, --count <number>', 'queries of a list', COUNT);
}

/** The commands by which tasks are made. */
export function addTasks(program: Command, run: Run): void {
  const tasks = program.command('tasks').description('make tasks: a task is a file');
  tasks
    .command('lint')
    .summary('say what is wrong with task files')
    .description(
      'Says for every fault of a task file where it is and what to do. A file without faults becomes a task when it lies in ' +
        'services/generation/tasks: the service takes it over within seconds. Exit status 2 if there are faults.',
    )
    .argument('<file...>', 'task files')
    .addHelpText('after', examples('npx gqr tasks lint services/generation/tasks/completion.yaml'))
    .action((files: string[]) => run(lintTasks(files)));
  withInputs(tasks.command('preview'))
    .summary('show the prompt that a task makes')
    .description('Shows the prompt that a task makes of some inputs, the tokens of each section, and which had to give way.')
    .addHelpText(
      'after',
      examples(
        'npx gqr tasks preview completion "how to fr" --turn "cooked rice"',
        'npx gqr tasks preview services/generation/tasks/completion.yaml "how to fr" --json',
      ),
    )
    .action((task: string, query: string, options: TaskInputs) => run(previewTask(task, query, options)));
  withInputs(tasks.command('try'))
    .summary('write lists by a task')
    .description('Writes lists by a task, or by a task file that no service has taken over. Nothing is logged as shown.')
    .option('-l, --lists <number>', 'lists to write', COUNT, 1)
    .addOption(new Option('--temperature <number>', 'above 0; the task’s own if left out').argParser(decimalAboveZero))
    .addOption(new Option('--diversity <number>', 'penalty on repeating tokens, up to 2').argParser(decimalAboveZero))
    .option('--seed <number>', 'the same seed writes the same list', integerFrom(0))
    .option('--policy <version>', 'policy that writes; the one that serves if left out')
    .addHelpText(
      'after',
      examples(
        'npx gqr tasks try completion "how to fr"',
        'npx gqr tasks try services/generation/tasks/completion.yaml "how to fr" --lists 2 --seed 1',
      ),
    )
    .action((task: string, query: string, options: TryOptions) => run(tryTask(task, query, options)));
}
