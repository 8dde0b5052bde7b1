/** Which topics a population may talk about. */
export type Split = 'training' | 'evaluation';

/** One topic in this many is for evaluation only. */
const EVERY = 5;

/** 32-bit FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}

/**
 * The split of a topic, by its id alone: adding topics never moves another one from one side to the other. Simulated traffic is
 * about training topics only, so that evaluation can ask about topics of which no log, and so no model, has ever heard.
 */
export function splitOf(topicId: string): Split {
  return hash(topicId) % EVERY === 0 ? 'evaluation' : 'training';
}
