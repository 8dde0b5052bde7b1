import askingForRaise from './conversations/asking-for-raise.json' with { type: 'json' };
import castIron from './conversations/cast-iron.json' with { type: 'json' };
import firstPhone from './conversations/first-phone.json' with { type: 'json' };
import firstTelescope from './conversations/first-telescope.json' with { type: 'json' };
import flightCancelled from './conversations/flight-cancelled.json' with { type: 'json' };
import gitUndo from './conversations/git-undo.json' with { type: 'json' };
import japanItinerary from './conversations/japan-itinerary.json' with { type: 'json' };
import lowerBackPain from './conversations/lower-back-pain.json' with { type: 'json' };
import runningToilet from './conversations/running-toilet.json' with { type: 'json' };
import securityDeposit from './conversations/security-deposit.json' with { type: 'json' };
import type { SampleConversation, SampleWriting } from './sample.js';
import bestManSpeech from './writing/best-man-speech.json' with { type: 'json' };
import candleDescription from './writing/candle-description.json' with { type: 'json' };
import dragonStory from './writing/dragon-story.json' with { type: 'json' };
import moldComplaint from './writing/mold-complaint.json' with { type: 'json' };
import sickDayEmail from './writing/sick-day-email.json' with { type: 'json' };

/** In the order in which they are offered. Their first queries are among those of the starter logs, so that co-occurrence has something to show. */
export const CONVERSATIONS: readonly SampleConversation[] = [
  castIron,
  gitUndo,
  flightCancelled,
  lowerBackPain,
  securityDeposit,
  firstTelescope,
  runningToilet,
  japanItinerary,
  firstPhone,
  askingForRaise,
];

export const WRITING: readonly SampleWriting[] = [bestManSpeech, sickDayEmail, dragonStory, moldComplaint, candleDescription];

/** The query that opens a sample conversation. */
export function openerOf(sample: SampleConversation): string {
  return sample.exchanges[0]?.queries[0] ?? '';
}
