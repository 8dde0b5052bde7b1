import type { GrpcClient } from '@gqr/chassis/grpc/client';
import type { GenerationService } from '@gqr/protos/gqr/generation/v1/generation';

export type Generation = GrpcClient<typeof GenerationService>;

/** Inputs of prompts: short and long, with and without a session and co-occurrence queries. */
export const CONVERSATIONS = [
  {
    query: 'can i freeze cooked rice',
    response:
      'Yes. Cool the rice quickly, within an hour, spread it on a tray, then freeze it in flat bags. It keeps for a month; heat it through once.',
    history: [{ query: 'how long does cooked rice last in the fridge', response: 'One day, two at most.' }],
    cooccurrence: ['how to reheat frozen rice', 'can you freeze fried rice'],
  },
  {
    query: 'write a toast for my brother’s wedding',
    response: 'To Ben, who taught me to ride a bicycle by letting go of it. May you two never let go of each other.',
    history: [],
    cooccurrence: [],
  },
  {
    query: 'why is my monstera getting yellow leaves',
    response:
      'Mostly too much water. Let the upper five centimetres of soil dry out before you water again, and see that the pot drains. One old ' +
      'leaf that turns yellow now and then is normal.',
    history: [
      { query: 'how often to water a monstera', response: 'Once a week in summer, every two or three weeks in winter.' },
      { query: 'does a monstera need direct sun', response: 'Bright but indirect light suits it best.' },
    ],
    cooccurrence: ['monstera root rot', 'when to repot monstera', 'monstera soil mix'],
  },
  {
    query: 'how do i undo the last git commit',
    response: 'git reset --soft HEAD~1 takes the commit back and keeps the changes staged; --hard throws them away.',
    history: [{ query: 'git commit amend', response: 'git commit --amend changes the last commit.' }],
    cooccurrence: ['git revert vs reset', 'undo git push'],
  },
  {
    query: 'best time to visit kyoto',
    response: 'Late March to early April for the blossom, mid November for the maples; both are crowded, so book early.',
    history: [],
    cooccurrence: ['kyoto 3 day itinerary', 'kyoto or osaka'],
  },
  {
    query: 'draft an email asking for a deadline extension',
    response: 'Dear Ms Ito, I am writing to ask whether the report could be handed in on Friday instead of Wednesday.',
    history: [{ query: 'how to be polite but firm in an email', response: 'Say what you need, why, and by when.' }],
    cooccurrence: ['shorter', 'more formal'],
  },
] as const;

/** Inputs of the prompt of one conversation after the other, again and again. */
export function inputsOf(index: number) {
  const { query, response, history, cooccurrence } = CONVERSATIONS[index % CONVERSATIONS.length] ?? CONVERSATIONS[0];
  return { context: { query, response, history: [...history] }, cooccurrenceQueries: [...cooccurrence] };
}
