import type { Command } from 'commander';
import { lintInstances } from './commands/lint-instances.js';
import { examples, type Run } from './help.js';

/** The commands for those who write training instances. */
export function addInstances(program: Command, run: Run): void {
  const instances = program.command('instances').description('look after the written instances that policies are trained on');
  instances
    .command('lint')
    .summary('say what is wrong with written instances')
    .description(
      'Says for every fault of written instances where it is and what to do: form, doubles (in other words, too), what training and test share. ' +
        'Warns of what is lopsided, and prints the figures of the data card. Needs the learner on this machine. Exit status 2 if there are faults.',
    )
    .argument('[folder]', 'folder with files of JSON lines, or one file; the instances that ship if left out')
    .option('--others <file>', 'queries that must not be among them, such as those of a public data set, one a line')
    .option('--no-semantic', 'does not look for what is the same in other words, which takes a minute for thousands')
    .addHelpText('after', examples('npx gqr instances lint', 'npx gqr instances lint my-instances --no-semantic'))
    .action((folder: string | undefined, options: { others?: string; semantic: boolean }) => run(lintInstances(folder, options)));
}
