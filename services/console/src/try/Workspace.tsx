import './workspace.css';
import type { QueryOrigin } from '@gqr/protos/gqr/events/v1/events';
import type { Recommendation } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type RefObject, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useMediaQuery } from '../design/use-media-query.js';
import { Inspector } from '../explain/Inspector.js';
import type { Conversation } from '../session/conversation.js';
import type { Place, Turn } from '../session/turn.js';
import { Announcer } from './Announcer.js';
import { Composer } from './Composer.js';
import { GatewayNotice } from './GatewayNotice.js';
import { SURFACES, type View } from './surfaces.js';
import { TurnView } from './TurnView.js';
import type { TasksState } from './use-tasks.js';
import { Welcome } from './Welcome.js';

interface WorkspaceProps {
  readonly view: View;
  readonly conversation: Conversation;
  readonly tasks: TasksState;
  readonly explain: boolean;
  /** The user asked for an explanation. */
  readonly onExplain: () => void;
}

/** The list that is being explained. */
interface Subject {
  readonly turnId: number;
  readonly place: Place;
}

export function Workspace({ view, conversation, tasks, explain, onExplain }: WorkspaceProps) {
  const { turns, sessionId } = useSyncExternalStore(conversation.subscribe, conversation.snapshot);
  const [subject, setSubject] = useState<Subject>();
  const roomy = useMediaQuery('(min-width: 1120px)');
  const thread = useRef<HTMLElement>(null);
  const last = turns.at(-1);
  useFollow(thread, last?.id);

  const surface = SURFACES[view];
  const explained = turns.find(({ id }) => id === subject?.turnId) ?? last;
  const place = explained?.id === subject?.turnId && subject !== undefined ? subject.place : 'main';
  const known = tasks.state === 'ready' ? tasks.tasks : [];
  const task = known.find(({ taskId }) => taskId === surface.mainTask);

  const choose = (turn: Turn, chosen: Place, recommendation: Recommendation) => {
    setSubject(undefined);
    conversation.click(turn.id, chosen, recommendation);
  };
  const ask = (query: string, origin: QueryOrigin) => {
    setSubject(undefined);
    conversation.ask(query, origin);
  };
  const open = (sample: string, query: string) => {
    conversation.restart(sample);
    conversation.ask(query);
  };
  const explainTurn = (turn: Turn) => {
    setSubject({ turnId: turn.id, place: 'main' });
    onExplain();
  };
  const inspector = explained && (
    <Inspector
      turn={explained}
      place={place}
      listName={surface.list}
      hasHint={view === 'chat'}
      tasks={known}
      sessionId={sessionId}
      onPlace={(chosen) => setSubject({ turnId: explained.id, place: chosen })}
    />
  );

  return (
    <div className="workspace" data-explain={explain && roomy && last !== undefined}>
      <section ref={thread} className="thread" aria-label={surface.title}>
        <GatewayNotice tasks={tasks} task={surface.mainTask} />
        {turns.length === 0 ? <Welcome view={view} onPick={open} /> : <h1 className="visually-hidden">{surface.title}</h1>}
        {turns.map((turn) => (
          <TurnView
            key={turn.id}
            turn={turn}
            surface={surface}
            count={task?.defaultCount ?? 3}
            latest={turn === last}
            explain={explain}
            onChoose={(recommendation) => choose(turn, 'main', recommendation)}
            onRecord={(recommendation) => conversation.record(turn.id, 'main', recommendation)}
            onPaste={(text) => conversation.paste(turn.id, text)}
            onRetry={() => conversation.again(turn.id)}
            onExplain={() => explainTurn(turn)}
          >
            {explain && !roomy && turn === explained && inspector}
          </TurnView>
        ))}
        <Composer
          key={sessionId}
          surface={surface}
          turn={last}
          explain={explain}
          onAsk={ask}
          onTakeHint={(hint) => last && conversation.record(last.id, 'hint', hint)}
          onAskHint={(hint) => last && choose(last, 'hint', hint)}
        />
      </section>
      {explain && roomy && last !== undefined && (
        <aside className="inspector-column" aria-label="Explanation">
          {inspector}
        </aside>
      )}
      <Announcer turn={last} listName={surface.list} />
    </div>
  );
}

/** Brings a new turn into view, and the focus to it unless the user is typing. */
function useFollow(thread: RefObject<HTMLElement | null>, turnId: number | undefined): void {
  const seen = useRef(turnId);
  useEffect(() => {
    if (seen.current === turnId) return;
    seen.current = turnId;
    const turn = thread.current?.querySelector<HTMLElement>('.turn:last-of-type');
    if (turnId === undefined) {
      scrollTo({ top: 0 });
      thread.current?.querySelector('textarea')?.focus();
      return;
    }
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    turn?.scrollIntoView({ block: 'start', behavior: still ? 'auto' : 'smooth' });
    if (document.activeElement?.tagName !== 'TEXTAREA') turn?.focus({ preventScroll: true });
  }, [thread, turnId]);
}
