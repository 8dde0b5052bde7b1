import './composer.css';
import { QueryOrigin } from '@gqr/protos/gqr/events/v1/events';
import type { Recommendation } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { Icon } from '../design/Icon.js';
import { percent } from '../explain/numbers.js';
import { SourceDot } from '../explain/SourceTag.js';
import { LIMITS, type Turn } from '../session/turn.js';
import { lengthOf } from './length.js';
import type { SurfaceWords } from './surfaces.js';

interface ComposerProps {
  readonly surface: SurfaceWords;
  /** The latest turn, whose hint is offered. */
  readonly turn: Turn | undefined;
  readonly explain: boolean;
  readonly onAsk: (query: string, origin: QueryOrigin) => void;
  /** The user took the hint into the box. */
  readonly onTakeHint: (hint: Recommendation) => void;
  readonly onAskHint: (hint: Recommendation) => void;
}

/** The search box. An empty one shows the hint: Tab takes it in to be edited, a click asks it at once, Escape dismisses it. */
export function Composer({ surface, turn, explain, onAsk, onTakeHint, onAskHint }: ComposerProps) {
  const [text, setText] = useState('');
  const [taken, setTaken] = useState<string>();
  const [dismissed, setDismissed] = useState<number>();
  const box = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const surplus = lengthOf(text) - LIMITS.query;
  const sendable = text.trim() !== '' && surplus <= 0;
  const [offered] = turn !== undefined && turn.id !== dismissed && turn.hint?.phase === 'complete' ? turn.hint.recommendations : [];
  const hint = text === '' ? offered : undefined;

  const ask = () => {
    if (!sendable) return;
    onAsk(text.trim(), text === taken ? QueryOrigin.RECOMMENDATION : QueryOrigin.TYPED);
    setText('');
    setTaken(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      ask();
    } else if (event.key === 'Escape') {
      setDismissed(turn?.id);
    } else if (event.key === 'Tab' && !event.shiftKey && hint !== undefined) {
      event.preventDefault();
      onTakeHint(hint);
      setTaken(hint.query);
      setText(hint.query);
    }
  };

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <div className="composer-box">
        <label className="visually-hidden" htmlFor={id}>
          {turn === undefined ? surface.placeholder : surface.nextPlaceholder}
        </label>
        <textarea
          ref={box}
          id={id}
          rows={1}
          dir="auto"
          value={text}
          placeholder={hint?.text ?? (turn === undefined ? surface.placeholder : surface.nextPlaceholder)}
          data-hinted={hint !== undefined}
          aria-describedby={`${id}-note`}
          aria-invalid={surplus > 0}
          enterKeyHint="send"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="send" disabled={!sendable} aria-label="Ask">
          <Icon name="send" size={18} />
        </button>
        <div id={`${id}-note`} className="composer-note">
          {hint !== undefined && <HintOffer hint={hint} explain={explain} onAsk={() => onAskHint(hint)} />}
          {surplus > -200 && <Length surplus={surplus} />}
        </div>
      </div>
    </form>
  );
}

function HintOffer({ hint, explain, onAsk }: { readonly hint: Recommendation; readonly explain: boolean; readonly onAsk: () => void }) {
  return (
    <>
      <button type="button" className="hint-ask" onClick={onAsk}>
        {explain && <SourceDot source={hint.source} />}
        Ask this hint<span className="visually-hidden">: {hint.text}</span>
        {explain && hint.clickProbability !== undefined && <span className="numeric">{percent(hint.clickProbability)}</span>}
      </button>
      <span className="hint-keys">
        <kbd>Tab</kbd> to edit it first
      </span>
      <span className="hint-keys">
        <kbd>Esc</kbd> to dismiss
      </span>
    </>
  );
}

function Length({ surplus }: { readonly surplus: number }) {
  if (surplus > 0)
    return (
      <span className="composer-surplus">
        {surplus} characters too many; {LIMITS.query.toLocaleString('en')} at most
      </span>
    );
  return <span className="numeric">{-surplus} characters left</span>;
}
