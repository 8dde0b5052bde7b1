import './source.css';
import type { Source } from '@gqr/protos/gqr/events/v1/events';
import { sourceWords } from './wording.js';

/** A mark in the colour of a query's source, for where its name has no room. */
export function SourceDot({ source }: { readonly source: Source }) {
  const { key, name } = sourceWords(source);
  return (
    <span className="source-dot" data-mark={key} title={name}>
      <span className="visually-hidden">{name}: </span>
    </span>
  );
}

export function SourceTag({ source }: { readonly source: Source }) {
  const { key, name, meaning } = sourceWords(source);
  return (
    <span className="source-tag" title={meaning}>
      <span className="source-dot" data-mark={key} />
      {name}
    </span>
  );
}
