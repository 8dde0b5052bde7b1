import { join } from 'node:path';
import { z } from 'zod';
import type { Behaviour } from '../../domain/population/behaviour.js';
import { readYaml } from './yaml-file.js';
import { WorldError } from '../world-error.js';

const share = z.number().min(0, 'is below 0; use 0 to 1').max(1, 'is above 1; use 0 to 1');
const positive = z.number().positive('is not above 0; give a number above 0');
const spread = z.number().min(0, 'is below 0; give 0 or more').max(3, 'is above 3; give 3 or less');

const layout = z
  .strictObject({
    strength: positive,
    topical: share,
    examination: z.array(share).min(1, 'has no position; give at least one probability'),
    examination_tail: share,
    continue_after_click: share,
    noise: share,
    words: positive,
    words_spread: positive,
  })
  .transform((raw) => ({
    strength: raw.strength,
    topical: raw.topical,
    examination: raw.examination,
    examinationTail: raw.examination_tail,
    continueAfterClick: raw.continue_after_click,
    noise: raw.noise,
    words: raw.words,
    wordsSpread: raw.words_spread,
  }));

const day = z.number().min(0, 'is below 0; count days from the beginning of the simulated time');
const period = { from_day: day, to_day: day };
const worldEvent = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({ kind: z.literal('trend'), ...period, topic: z.string(), factor: positive }),
      z.strictObject({ kind: z.literal('bots'), ...period, share, clicks: share }),
    ],
    { error: 'is no event; write "kind: trend" or "kind: bots"' },
  )
  .refine((event) => event.to_day > event.from_day, 'ends before it begins; let to_day be after from_day')
  .transform(({ from_day: fromDay, to_day: toDay, ...event }) => ({ ...event, fromDay, toDay }));
const perDay = z.number().min(-1, 'is below -1; use -1 to 1').max(1, 'is above 1; use -1 to 1');

const behaviourSchema = z
  .strictObject({
    population: z.strictObject({
      never_click: share,
      appetite_spread: spread,
      activity_spread: spread,
      initiative: share.gt(0, 'is 0; use above 0').lt(1, 'is 1; use below 1'),
      initiative_spread: spread,
    }),
    segments: z
      .array(z.strictObject({ id: z.string(), share: positive, length: positive, questions: positive }))
      .min(1, 'is empty; describe at least one segment'),
    sessions: z.strictObject({
      topic_exponent: spread,
      phrasing_exponent: spread,
      leave_factor: positive,
      other_topic: share,
      hint: share,
      content_with_draft: share,
      types_snippet: share,
      max_turns: z.int().min(1, 'is below 1; use 1 to 100').max(100, 'is above 100; use 1 to 100'),
      seconds_to_read: positive,
      seconds_to_click: positive,
      seconds_spread: spread,
    }),
    clicks: z.strictObject({
      curiosity: share,
      sharpness: positive,
      repetition: share,
      answered: share,
      redundancy: share,
      clutter: share,
      fatigue: share,
      stammer: share,
      assistant_voice: share,
      recognised: share,
    }),
    layouts: z.strictObject({ suggestion: layout, clarification: layout, hint: layout }),
    drift: z.strictObject({
      length_per_day: perDay,
      questions_per_day: perDay,
      topic_swing: spread,
      topic_period_days: positive,
    }),
    events: z.array(worldEvent),
  })
  .transform(({ population, segments, sessions, clicks, layouts, drift, events }): Behaviour => ({
    population: {
      neverClick: population.never_click,
      appetiteSpread: population.appetite_spread,
      activitySpread: population.activity_spread,
      initiative: population.initiative,
      initiativeSpread: population.initiative_spread,
    },
    segments,
    sessions: {
      topicExponent: sessions.topic_exponent,
      phrasingExponent: sessions.phrasing_exponent,
      leaveFactor: sessions.leave_factor,
      otherTopic: sessions.other_topic,
      hint: sessions.hint,
      contentWithDraft: sessions.content_with_draft,
      typesSnippet: sessions.types_snippet,
      maxTurns: sessions.max_turns,
      secondsToRead: sessions.seconds_to_read,
      secondsToClick: sessions.seconds_to_click,
      secondsSpread: sessions.seconds_spread,
    },
    clicks: {
      curiosity: clicks.curiosity,
      sharpness: clicks.sharpness,
      repetition: clicks.repetition,
      answered: clicks.answered,
      redundancy: clicks.redundancy,
      clutter: clicks.clutter,
      fatigue: clicks.fatigue,
      stammer: clicks.stammer,
      assistantVoice: clicks.assistant_voice,
      recognised: clicks.recognised,
    },
    layouts,
    drift: {
      lengthPerDay: drift.length_per_day,
      questionsPerDay: drift.questions_per_day,
      topicSwing: drift.topic_swing,
      topicPeriodDays: drift.topic_period_days,
    },
    events,
  }));

/** Reads `<worldDir>/behaviour.yaml`. @throws WorldError */
export function readBehaviour(worldDir: string): Behaviour {
  const read = readYaml(join(worldDir, 'behaviour.yaml'), behaviourSchema);
  if ('faults' in read) throw new WorldError(read.faults);
  return read.data;
}
