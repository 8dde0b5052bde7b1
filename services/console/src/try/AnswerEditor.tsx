import { useId, useState } from 'react';
import { LIMITS } from '../session/turn.js';
import { lengthOf } from './length.js';

interface AnswerEditorProps {
  readonly noun: 'answer' | 'draft';
  readonly text: string;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** The box for an answer from elsewhere: recommendations get better with it. */
export function AnswerEditor({ noun, text, onSave, onCancel }: AnswerEditorProps) {
  const [draft, setDraft] = useState(text);
  const id = useId();
  const surplus = lengthOf(draft) - LIMITS.response;
  return (
    <form
      className="answer-editor"
      onSubmit={(event) => {
        event.preventDefault();
        onSave(draft);
      }}
    >
      <label htmlFor={id}>{noun === 'answer' ? 'The AI answer to this query' : 'The draft as it is now'}</label>
      <textarea
        id={id}
        // The user has just asked for this box.
        autoFocus
        rows={6}
        value={draft}
        aria-invalid={surplus > 0}
        aria-describedby={`${id}-note`}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && onCancel()}
      />
      <p id={`${id}-note`} className="answer-editor-note">
        {surplus > 0
          ? `At most ${LIMITS.response.toLocaleString('en')} characters: take ${surplus.toLocaleString('en')} away.`
          : 'It goes into the prompt and is logged with the impression.'}
      </p>
      <div className="answer-editor-actions">
        <button type="button" className="button button-quiet" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" className="button button-primary" disabled={surplus > 0 || draft === text}>
          Recommend with it
        </button>
      </div>
    </form>
  );
}
