/**
 * What stands under a query. GQR has no answer engine: answers are samples that come with the console, pasted by whoever tries it,
 * or absent.
 */
export type Answer =
  | { readonly kind: 'none' }
  /** `writtenFor` is the query that the sample answers, when it was asked in other words. */
  | { readonly kind: 'sample'; readonly text: string; readonly writtenFor?: string }
  | { readonly kind: 'pasted'; readonly text: string }
  /** The draft of the turn before: nobody has revised it. */
  | { readonly kind: 'carried'; readonly text: string };

/** Where answers come from. */
export interface AnswerBook {
  /** `sample` is the id of the sample that the conversation began with, if it began with one. */
  answerTo(query: string, sample: string | undefined): Answer;
}

export function textOf(answer: Answer): string {
  return answer.kind === 'none' ? '' : answer.text;
}
