import { Source } from '@gqr/protos/gqr/events/v1/events';
import { type Degradation, Degradation_Level, ListReward } from '@gqr/protos/gqr/recommendation/v1/recommendation';

/** Names of a source: `key` is the name of its colour. */
export interface SourceWords {
  readonly key: 'generation' | 'cooccurrence' | 'popular' | 'rest';
  readonly name: string;
  readonly meaning: string;
}

export function sourceWords(source: Source): SourceWords {
  switch (source) {
    case Source.GENERATION:
      return { key: 'generation', name: 'Generated', meaning: 'Written by the language model for this context' };
    case Source.COOCCURRENCE:
      return { key: 'cooccurrence', name: 'Co-occurrence', meaning: 'Asked next by other users after this query' };
    case Source.POPULAR:
      return { key: 'popular', name: 'Popular', meaning: 'Asked by many users, whatever came before' };
    case Source.UNSPECIFIED:
      return { key: 'rest', name: 'Unknown', meaning: 'The gateway did not say' };
  }
}

const LEVELS: Readonly<Record<Degradation_Level, string>> = {
  [Degradation_Level.UNSPECIFIED]: 'Something beside the list is missing',
  [Degradation_Level.UNSCORED]: 'Not scored: no click probabilities',
  [Degradation_Level.COOCCURRENCE]: 'Filled from co-occurring queries',
  [Degradation_Level.POPULAR]: 'Filled from popular queries',
  [Degradation_Level.EMPTY]: 'Nothing to recommend',
};

const DEPENDENCIES: Readonly<Record<string, string>> = {
  GENERATION: 'The language model',
  CTR: 'The click predictor',
  COOCCURRENCE: 'The co-occurrence store',
  LOG: 'The event log',
};

const FAULTS: Readonly<Record<string, string>> = {
  TIMEOUT: 'did not answer in time',
  UNAVAILABLE: 'cannot be reached',
  OVERLOADED: 'is overloaded',
  INVALID: 'gave an answer that makes no sense',
  REFUSED: 'refused the request',
  FAILED: 'failed',
  SHORT: 'wrote fewer queries than wanted',
};

/** What a degradation means, and each of its reasons in words beside its code. */
export function degradationWords({ level, reasons }: Degradation): { readonly title: string; readonly reasons: readonly Reason[] } {
  return { title: LEVELS[level], reasons: reasons.map((code) => ({ code, text: reasonText(code) })) };
}

export interface Reason {
  readonly code: string;
  readonly text: string;
}

function reasonText(code: string): string {
  const [dependency = '', ...rest] = code.split('_');
  const who = DEPENDENCIES[dependency];
  const fault = FAULTS[rest.join('_')];
  if (who !== undefined && fault !== undefined) return `${who} ${fault}.`;
  return `${code.charAt(0)}${code.slice(1).toLowerCase().replaceAll('_', ' ')}.`;
}

/** Which equation of the paper a list's reward is. */
export function rewardWords(reward: ListReward | undefined): string {
  if (reward === ListReward.MULTI) return 'Chance of at least one click (Eq. 3)';
  if (reward === ListReward.SINGLE) return 'Expected clicks (Eq. 4)';
  return 'List reward';
}
