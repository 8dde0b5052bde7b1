import './prose.css';
import type { ReactNode } from 'react';
import { type Block, blocksOf, spansOf } from './blocks.js';

/** An answer or a draft, set for reading. */
export function Prose({ text }: { readonly text: string }) {
  return <div className="prose">{blocksOf(text).map(blockElement)}</div>;
}

function blockElement(block: Block, key: number): ReactNode {
  switch (block.kind) {
    case 'code':
      return (
        <pre key={key} tabIndex={0} aria-label="Code">
          <code>{block.text}</code>
        </pre>
      );
    case 'heading':
      return (
        <p key={key} className="prose-heading" dir="auto">
          <Line text={block.text} />
        </p>
      );
    case 'paragraph':
      return (
        <p key={key} dir="auto">
          <Line text={block.text} />
        </p>
      );
    case 'list': {
      const items = block.items.map((item, index) => (
        <li key={index} dir="auto">
          <Line text={item} />
        </li>
      ));
      return block.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
  }
}

function Line({ text }: { readonly text: string }) {
  return spansOf(text).map((span, key) => {
    if (span.kind === 'strong') return <strong key={key}>{span.text}</strong>;
    return span.kind === 'code' ? <code key={key}>{span.text}</code> : typographic(span.text);
  });
}

/** Apostrophes as they are printed. Only what is shown: the model gets the text as it is. */
function typographic(text: string): string {
  return text.replace(/(\p{L})'(?=\p{L})/gu, '$1’');
}
