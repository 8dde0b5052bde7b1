import './answer.css';
import { useState } from 'react';
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
        <button type="button" className="text-button" onClick={() => setEditing(true)}>
          {noun === 'answer' ? 'Paste the AI answer (optional)' : 'Paste the draft (optional)'}
        </button>
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
        <TextButton label={answer.kind === 'carried' ? 'Paste the revised draft (optional)' : 'Edit'} onClick={() => setEditing(true)} />
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

function TextButton({ label, onClick }: { readonly label: string; readonly onClick: () => void }) {
  return (
    <button type="button" className="text-button" onClick={onClick}>
      {label}
    </button>
  );
}
