import './turn.css';
import { QueryOrigin } from '@gqr/protos/gqr/events/v1/events';
import type { Recommendation } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { ReactNode } from 'react';
import type { Turn } from '../session/turn.js';
import { AnswerView } from './AnswerView.js';
import { ListView } from './ListView.js';
import type { SurfaceWords } from './surfaces.js';

interface TurnViewProps {
  readonly turn: Turn;
  readonly surface: SurfaceWords;
  /** Queries that the task makes if nothing else is said. */
  readonly count: number;
  readonly latest: boolean;
  readonly explain: boolean;
  readonly onChoose: (recommendation: Recommendation) => void;
  readonly onRecord: (recommendation: Recommendation) => void;
  readonly onPaste: (text: string) => void;
  readonly onRetry: () => void;
  readonly onExplain: () => void;
  /** Stands under the list. */
  readonly children: ReactNode;
}

/** A query, what stands under it, and what is recommended next. */
export function TurnView({ turn, surface, count, latest, explain, children, ...on }: TurnViewProps) {
  return (
    <article className="turn" tabIndex={-1} aria-label={`Query: ${turn.query}`} data-latest={latest}>
      <div className="asked">
        <p className="asked-query" dir="auto">
          {turn.query}
        </p>
        {turn.origin === QueryOrigin.RECOMMENDATION && <p className="asked-origin">clicked recommendation</p>}
      </div>
      <AnswerView
        answer={turn.answer}
        noun={surface.answer}
        folded={surface.answer === 'draft' && (!latest || turn.answer.kind === 'carried')}
        onPaste={on.onPaste}
      />
      <ListView
        list={turn.main}
        name={surface.list}
        kind={surface.answer === 'draft' ? 'snippet' : 'query'}
        count={count}
        explain={explain}
        onChoose={on.onChoose}
        onRecord={on.onRecord}
        onRetry={on.onRetry}
        onExplain={on.onExplain}
      />
      {children}
    </article>
  );
}
