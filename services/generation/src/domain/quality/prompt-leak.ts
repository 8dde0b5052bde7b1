import { normalise } from '@gqr/chassis/text/normalise';

/** Words in a row that no query shares with the instructions by chance. */
const RUN = 5;
/** What stands in prompts and never in a query. */
const TELLTALES = /<\/?\|?im_(?:start|end)|^(?:instructions|inputs|response)\s*:|\bsystem prompt\b|\byou are an expert in query\b/iu;

/** Every run of words of a task's instructions. */
export function phrasesOf(instruction: string): ReadonlySet<string> {
  return new Set(runsOf(instruction));
}

/** Whether a line repeats the prompt rather than answers it. */
export function leaks(text: string, phrases: ReadonlySet<string>): boolean {
  return TELLTALES.test(text) || runsOf(text).some((run) => phrases.has(run));
}

function runsOf(text: string): string[] {
  const words = normalise(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  return words.slice(RUN - 1).map((_, at) => words.slice(at, at + RUN).join(' '));
}
