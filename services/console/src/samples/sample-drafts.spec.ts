import { describe, expect, it } from 'vitest';
import { WRITING } from './catalog.js';
import { SampleDrafts } from './sample-drafts.js';

const drafts = new SampleDrafts(WRITING);

describe('sample drafts', () => {
  it('has the draft of each sample request', () => {
    for (const sample of WRITING) {
      expect(drafts.answerTo(sample.request, sample.id)).toEqual({ kind: 'sample', text: sample.draft.join('\n\n') });
    }
  });

  it('has the revision that a refined request asks for, within the sample that is being written', () => {
    const refined = drafts.answerTo('rewrite the speech to be funnier', 'best-man-speech');
    expect(refined).toMatchObject({ kind: 'sample', text: expect.stringContaining('Exhibit one') as string });
    expect(drafts.answerTo('rewrite the speech to be funnier', undefined)).toEqual({ kind: 'none' });
  });

  it('has no revision where none was written, and none for a part of a word', () => {
    expect(drafts.answerTo('rewrite the speech in Portuguese', 'best-man-speech')).toEqual({ kind: 'none' });
    expect(drafts.answerTo('mention the shortcut through the woods', 'best-man-speech')).toEqual({ kind: 'none' });
  });
});
