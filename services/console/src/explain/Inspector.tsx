import './inspector.css';
import type { RecommendResponse, Task } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { ProblemNotice } from '../design/ProblemNotice.js';
import { Segments } from '../design/Segments.js';
import type { RecommendedList } from '../session/recommended-list.js';
import type { Place, Turn } from '../session/turn.js';
import { DegradedSection } from './DegradedSection.js';
import { EvidenceSection } from './EvidenceSection.js';
import { MakingSection } from './MakingSection.js';
import { QueriesSection } from './QueriesSection.js';
import { TimeSection } from './TimeSection.js';

interface InspectorProps {
  readonly turn: Turn;
  /** Which of the turn's lists is explained. */
  readonly place: Place;
  readonly listName: string;
  readonly hasHint: boolean;
  readonly tasks: readonly Task[];
  readonly sessionId: string;
  readonly onPlace: (place: Place) => void;
}

/** Where each query comes from and how the list was made. */
export function Inspector({ turn, place, listName, hasHint, tasks, sessionId, onPlace }: InspectorProps) {
  const list = turn[place];
  const places = [
    { id: 'main', label: listName },
    { id: 'hint', label: 'Search hint' },
  ] as const;
  return (
    <div className="inspector">
      <header className="inspector-head">
        <h2 className="inspector-title">How this came about</h2>
        <p className="inspector-subject">{turn.query}</p>
        {hasHint && <Segments label="Explain" segments={places} selected={place} onSelect={onPlace} />}
      </header>
      {list?.response === undefined ? (
        <Missing list={list} />
      ) : (
        <Explained list={list} response={list.response} task={tasks.find(({ taskId }) => taskId === list.taskId)} sessionId={sessionId} />
      )}
    </div>
  );
}

interface ExplainedProps {
  readonly list: RecommendedList;
  readonly response: RecommendResponse;
  readonly task: Task | undefined;
  readonly sessionId: string;
}

function Explained({ list, response, task, sessionId }: ExplainedProps) {
  return (
    <>
      {response.degradation && <DegradedSection degradation={response.degradation} />}
      <QueriesSection response={response} reward={task?.listReward} />
      <TimeSection timings={response.timings} firstAfterMs={list.firstAfterMs} completeAfterMs={list.completeAfterMs} />
      <EvidenceSection evidence={response.explanation?.cooccurrence ?? []} />
      <MakingSection response={response} taskId={list.taskId} sessionId={sessionId} />
    </>
  );
}

function Missing({ list }: { readonly list: RecommendedList | undefined }) {
  if (list?.problem !== undefined) return <ProblemNotice problem={list.problem} />;
  return <p className="inspector-none">{list === undefined ? 'Not asked for: the hint comes after the follow-ups.' : 'Being written…'}</p>;
}
