import type { Answer, AnswerBook } from '../session/answer.js';
import type { SampleWriting } from './sample.js';

/** Drafts of the sample writing requests, and the few revisions that were written for them. */
export class SampleDrafts implements AnswerBook {
  constructor(private readonly samples: readonly SampleWriting[]) {}

  answerTo(query: string, sample: string | undefined): Answer {
    const request = query.trim().toLowerCase();
    const asked = this.samples.find((it) => it.request === request);
    if (asked !== undefined) return { kind: 'sample', text: asked.draft.join('\n\n') };
    const words = ` ${(request.match(/[\p{L}\p{N}'’-]+/gu) ?? []).join(' ')} `;
    const revision = this.samples
      .find(({ id }) => id === sample)
      ?.revisions.find(({ when }) => when.some((phrase) => words.includes(` ${phrase} `)));
    return revision === undefined ? { kind: 'none' } : { kind: 'sample', text: revision.draft.join('\n\n') };
  }
}
