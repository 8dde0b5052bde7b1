import './answer.css';
import { type Ref, useEffect, useRef, useState } from 'react';
import { Prose } from '../prose/Prose.js';
import { type Answer, textOf } from '../session/answer.js';
import { AnswerEditor } from './AnswerEditor.js';

interface AnswerViewProps {
  readonly answer: Answer;
  readonly noun: 'answer' | 'draft';
  /** Whether to show only its beginning at first. */
  readonly folded: boolean;
  readonly onPaste: (text: string) => void;
}

/** What stands under a query, and honestly where it comes from. */
export function AnswerView({ answer, noun, folded, onPaste }: AnswerViewProps) {
  const [editing, setEditing] = useState(false);
  const [unfolded, setUnfolded] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const edited = useRef(false);
  useEffect(() => {
    // Back to where the user was before the box took the focus.
    if (!editing && edited.current) opener.current?.focus();
    edited.current = editing;
  }, [editing]);
  const save = (text: string) => {
    setEditing(false);
    onPaste(text);
  };
  if (editing) return <AnswerEditor noun={noun} text={textOf(answer)} onSave={save} onCancel={() => setEditing(false)} />;
  if (answer.kind === 'none') {
    return (
      <div className="answer-none">
        <p>
          {noun === 'answer'
            ? 'GQR recommends queries; it doesn’t answer them, and no sample answers this one.'
            : 'GQR recommends refinements; it doesn’t write, and no sample draft fits this request.'}
        </p>
        <TextButton
          opener={opener}
          label={noun === 'answer' ? 'Paste the AI answer (optional)' : 'Paste the draft (optional)'}
          onClick={() => setEditing(true)}
        />
      </div>
    );
  }
  const closed = folded && !unfolded;
  return (
    <div className={`answer answer-${noun}`}>
      <div className="answer-text" data-closed={closed}>
        <Prose text={answer.text} />
      </div>
      <p className="answer-note">
        {noteOf(answer, noun)}
        {closed && <TextButton label="Show all" onClick={() => setUnfolded(true)} />}
        <TextButton
          opener={opener}
          label={answer.kind === 'carried' ? 'Paste the revised draft (optional)' : 'Edit'}
          onClick={() => setEditing(true)}
        />
      </p>
    </div>
  );
}

function noteOf(answer: Exclude<Answer, { kind: 'none' }>, noun: string): string {
  switch (answer.kind) {
    case 'pasted':
      return `Pasted ${noun}`;
    case 'carried':
      return 'Unchanged: no assistant is connected, and no sample revision fits';
    case 'sample':
      return answer.writtenFor === undefined ? `Sample ${noun}` : `Sample ${noun}, written for “${answer.writtenFor}”`;
  }
}

interface TextButtonProps {
  readonly label: string;
  readonly opener?: Ref<HTMLButtonElement>;
  readonly onClick: () => void;
}

function TextButton({ label, opener, onClick }: TextButtonProps) {
  return (
    <button ref={opener} type="button" className="text-button" onClick={onClick}>
      {label}
    </button>
  );
}
