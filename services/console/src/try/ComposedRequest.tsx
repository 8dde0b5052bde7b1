import type { Recommendation } from '@gqr/protos/gqr/recommendation/v1/recommendation';

interface ComposedRequestProps {
  readonly texts: Readonly<Record<string, string>>;
  /** The snippet that the user looks at. */
  readonly snippet: Recommendation | undefined;
}

/** The request that a click makes: prefix, snippet, suffix. */
export function ComposedRequest({ texts, snippet }: ComposedRequestProps) {
  const prefix = texts['prefix'] ?? '';
  const suffix = texts['suffix'] ?? '';
  if (prefix === '' && suffix === '') return null;
  return (
    <p className="composed">
      <span className="composed-label">Asks</span>
      <span>
        {prefix}{' '}
        {snippet === undefined ? <span className="composed-slot" role="img" aria-label="the snippet" /> : <mark>{snippet.text}</mark>}{' '}
        {suffix}
      </span>
    </p>
  );
}
