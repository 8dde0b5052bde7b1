import './list.css';
import type { Degradation, Recommendation } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { useState } from 'react';
import { ProblemNotice } from '../design/ProblemNotice.js';
import { Icon } from '../design/Icon.js';
import { degradationWords } from '../explain/wording.js';
import type { RecommendedList } from '../session/recommended-list.js';
import { Chips } from './Chips.js';
import { ComposedRequest } from './ComposedRequest.js';

interface ListViewProps {
  readonly list: RecommendedList;
  readonly name: string;
  /** A query that stands for itself, or a snippet that becomes a request between prefix and suffix. */
  readonly kind: 'query' | 'snippet';
  readonly count: number;
  readonly explain: boolean;
  readonly onChoose: (recommendation: Recommendation) => void;
  readonly onRecord: (recommendation: Recommendation) => void;
  readonly onRetry: () => void;
  readonly onExplain: () => void;
}

/** The recommended queries under an answer, in every state that they can be in. */
export function ListView({ list, name, kind, count, explain, onChoose, onRecord, onRetry, onExplain }: ListViewProps) {
  const [preview, setPreview] = useState<Recommendation>();
  if (list.phase === 'failed' && list.problem !== undefined) return <ProblemNotice problem={list.problem} onRetry={onRetry} />;
  const guide = list.auxiliaryTexts['guiding_sentence'] ?? '';
  const empty = list.phase === 'complete' && list.recommendations.length === 0;
  return (
    <section className="list" data-kind={kind} aria-label={name} aria-busy={list.phase !== 'complete'}>
      <header className="list-head">
        <h2 className={guide === '' ? 'list-name' : 'list-guide'}>{guide === '' ? name : guide}</h2>
        {list.phase === 'complete' && (
          <button type="button" className="text-button list-why" onClick={onExplain}>
            Why these?
          </button>
        )}
      </header>
      {list.response?.degradation && <DegradedLine degradation={list.response.degradation} />}
      {empty ? (
        <p className="list-empty">
          {list.response?.degradation === undefined && 'Nothing to recommend here. '}
          <button type="button" className="text-button" onClick={onRetry}>
            Try again
          </button>
        </p>
      ) : (
        <Chips list={list} kind={kind} count={count} explain={explain} onChoose={onChoose} onPreview={setPreview} />
      )}
      {kind === 'snippet' && !empty && <ComposedRequest texts={list.auxiliaryTexts} snippet={preview} />}
      <FailedClicks list={list} onRecord={onRecord} />
    </section>
  );
}

function DegradedLine({ degradation }: { readonly degradation: Degradation }) {
  const { title, reasons } = degradationWords(degradation);
  return (
    <p className="degraded">
      <Icon name="warning" size={14} />
      <span>
        <strong>{title}.</strong> {reasons.map(({ text }) => text).join(' ')}
      </span>
    </p>
  );
}

/** A click that the gateway did not take is not lost without a word. */
function FailedClicks({ list, onRecord }: Pick<ListViewProps, 'list' | 'onRecord'>) {
  return list.recommendations.map((recommendation) => {
    const click = list.clicks[recommendation.position];
    if (click?.state !== 'failed') return null;
    const problem = { ...click.problem, title: `The click on “${recommendation.text}” was not recorded` };
    return <ProblemNotice key={recommendation.position} problem={problem} onRetry={() => onRecord(recommendation)} />;
  });
}
