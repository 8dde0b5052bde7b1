import './chips.css';
import type { Recommendation } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { Icon } from '../design/Icon.js';
import { percent } from '../explain/numbers.js';
import { SourceDot } from '../explain/SourceTag.js';
import type { RecommendedList } from '../session/recommended-list.js';

interface ChipsProps {
  readonly list: RecommendedList;
  readonly kind: 'query' | 'snippet';
  /** How many are expected. */
  readonly count: number;
  readonly explain: boolean;
  readonly onChoose: (recommendation: Recommendation) => void;
  /** The user looks at one, or at none any more. */
  readonly onPreview: (recommendation: Recommendation | undefined) => void;
}

/** Recommended queries to click; places are kept for those that are still being written. */
export function Chips({ list, kind, count, explain, onChoose, onPreview }: ChipsProps) {
  const missing = list.phase === 'complete' ? 0 : Math.max(0, count - list.recommendations.length);
  return (
    <ul className="chips" data-kind={kind} role="list">
      {list.recommendations.map((recommendation) => (
        <li key={recommendation.position}>
          <button
            type="button"
            className="chip"
            data-clicked={list.clicks[recommendation.position] !== undefined}
            aria-disabled={list.held !== undefined}
            onClick={() => list.held === undefined && onChoose(recommendation)}
            onPointerEnter={() => onPreview(recommendation)}
            onPointerLeave={() => onPreview(undefined)}
            onFocus={() => onPreview(recommendation)}
            onBlur={() => onPreview(undefined)}
          >
            {explain && <SourceDot source={recommendation.source} />}
            {kind === 'query' && !explain && <Icon name="follow" />}
            <span className="chip-text" dir="auto">
              {recommendation.text}
            </span>
            {explain && recommendation.clickProbability !== undefined && (
              <span className="chip-probability numeric">
                {percent(recommendation.clickProbability)}
                <span className="visually-hidden"> click probability</span>
              </span>
            )}
            <ChipState list={list} recommendation={recommendation} />
          </button>
        </li>
      ))}
      {Array.from({ length: missing }, (_, index) => (
        <li key={`missing-${index}`} className="chip-place" aria-hidden="true" />
      ))}
    </ul>
  );
}

function ChipState({ list, recommendation }: { readonly list: RecommendedList; readonly recommendation: Recommendation }) {
  const click = list.clicks[recommendation.position];
  if (list.held?.text === recommendation.text || click?.state === 'sending') {
    return (
      <span className="spinner">
        <span className="visually-hidden">recording the click</span>
      </span>
    );
  }
  if (click?.state === 'failed') {
    return (
      <span className="chip-failed">
        <Icon name="warning" size={14} />
        <span className="visually-hidden">click not recorded</span>
      </span>
    );
  }
  if (click?.state !== 'recorded') return null;
  return (
    <span className="chip-recorded">
      <Icon name="check" size={14} />
      <span className="visually-hidden">click recorded</span>
    </span>
  );
}
