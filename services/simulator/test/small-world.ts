import type { Behaviour } from '../src/domain/population/behaviour.js';
import type { Intent, SearchTopic, Topic, WritingTopic } from '../src/domain/world/topic.js';
import { World } from '../src/domain/world/world.js';

const intent = (id: string, phrasings: string[], words: string[], next: [string, number][], leave = 1): Intent => ({
  id,
  need: id,
  share: 1,
  phrasings,
  concepts: [words, ['sourdough', 'bread']],
  answer: `The assistant's words on ${phrasings[0] ?? ''}.`,
  next: next.map(([to, weight]) => ({ to, weight })),
  leave: { weight: leave, to: ['pizza'] },
});

export const sourdough: SearchTopic = {
  id: 'sourdough',
  kind: 'search',
  domain: 'cooking',
  title: 'Sourdough',
  popularity: 5,
  entities: ['sourdough'],
  intents: [
    intent('make-starter', ['how to make a sourdough starter', 'begin sourdough culture from scratch'], ['make', 'begin'], [['feed', 9]]),
    intent('feed', ['how often to feed sourdough starter', 'sourdough feeding schedule'], ['feed', 'feeding'], [['buy-oven', 5]]),
    intent('buy-oven', ['best dutch oven for sourdough bread', 'price of a dutch oven for bread'], ['buy', 'best', 'price'], []),
  ],
};

export const pizza: SearchTopic = {
  ...sourdough,
  id: 'pizza',
  intents: [
    {
      ...intent('dough', ['pizza dough recipe', 'how to knead pizza dough'], ['knead', 'recipe'], []),
      concepts: [['knead', 'recipe'], ['pizza']],
    },
  ],
};

export const birthdays: WritingTopic = {
  id: 'birthdays',
  kind: 'writing',
  domain: 'personal',
  title: 'Birthdays',
  popularity: 5,
  entities: ['birthday'],
  requests: [
    {
      id: 'boss',
      share: 1,
      phrasings: ['birthday message for my boss'],
      draft: 'Happy birthday, Dana!',
      facets: [
        {
          id: 'funnier',
          weight: 3,
          phrasings: ['funnier', 'with a joke'],
          concepts: [['funny', 'funnier', 'joke']],
          becomes: 'make it funnier',
        },
        { id: 'shorter', weight: 1, phrasings: ['shorter', 'one line'], concepts: [['shorter', 'short']], becomes: 'shorten the message' },
      ],
    },
  ],
};

export const smallWorld = (topics: readonly Topic[] = [sourdough, pizza, birthdays]): World => new World(topics);

const layout = {
  strength: 0.5,
  topical: 0.2,
  examination: [1, 0.5],
  examinationTail: 0.5,
  continueAfterClick: 0,
  noise: 0,
  words: 6,
  wordsSpread: 0.6,
};

/** Round numbers, so that a test can be checked by hand. */
export const plainBehaviour: Behaviour = {
  population: { neverClick: 0, appetiteSpread: 0, activitySpread: 1, initiative: 0.9, initiativeSpread: 0 },
  segments: [{ id: 'plain', share: 1, length: 1, questions: 1 }],
  sessions: {
    topicExponent: 1,
    phrasingExponent: 1,
    leaveFactor: 1,
    otherTopic: 0.5,
    hint: 0.5,
    contentWithDraft: 0.3,
    typesSnippet: 0.3,
    maxTurns: 10,
    secondsToRead: 40,
    secondsToClick: 8,
    secondsSpread: 0.5,
  },
  clicks: {
    curiosity: 0.4,
    sharpness: 1,
    repetition: 0.9,
    answered: 0.5,
    redundancy: 0.7,
    clutter: 0,
    fatigue: 0,
    stammer: 0.8,
    assistantVoice: 0.3,
    recognised: 0.35,
  },
  layouts: { suggestion: layout, clarification: { ...layout, words: 2 }, hint: layout },
  drift: { lengthPerDay: 0, questionsPerDay: 0, topicSwing: 0, topicPeriodDays: 14 },
  events: [],
};
