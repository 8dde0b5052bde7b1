/** The two places where a person meets recommendations. */
export type View = 'chat' | 'writing';

/** How a place is worded. */
export interface SurfaceWords {
  readonly title: string;
  readonly mainTask: string;
  /** Name of the main list. */
  readonly list: string;
  /** What stands under a query. */
  readonly answer: 'answer' | 'draft';
  readonly placeholder: string;
  readonly nextPlaceholder: string;
}

export const SURFACES: Readonly<Record<View, SurfaceWords>> = {
  chat: {
    title: 'Conversation',
    mainTask: 'suggestion',
    list: 'Follow-ups',
    answer: 'answer',
    placeholder: 'Ask anything',
    nextPlaceholder: 'Ask a follow-up',
  },
  writing: {
    title: 'Writing',
    mainTask: 'clarification',
    list: 'Refinements',
    answer: 'draft',
    placeholder: 'What should be written?',
    nextPlaceholder: 'Ask for a change',
  },
};
