import { useEffect, useState } from 'react';
import type { Problem } from '../api/problem.js';
import { Notice } from './Notice.js';

interface ProblemNoticeProps {
  readonly problem: Problem;
  readonly onRetry?: () => void;
  readonly footer?: string;
}

/** A failed call: what went wrong, in which field, and how to go on. */
export function ProblemNotice({ problem, onRetry, footer }: ProblemNoticeProps) {
  const { title, message, reason, violations } = problem;
  return (
    <Notice tone="bad" title={title} actions={onRetry && <RetryButton afterMs={problem.retryAfterMs ?? 0} onRetry={onRetry} />}>
      {violations.length === 0 && <p className="notice-message">{message}</p>}
      {violations.length > 0 && (
        <ul className="violations">
          {violations.map(({ field, description }, index) => (
            <li key={index}>
              <code>{field}</code> {description}
            </li>
          ))}
        </ul>
      )}
      {footer !== undefined && <p>{footer}</p>}
      <p className="notice-code">{reason}</p>
    </Notice>
  );
}

/** Opens once the gateway's wish to be left alone for a while is fulfilled. */
function RetryButton({ afterMs, onRetry }: { readonly afterMs: number; readonly onRetry: () => void }) {
  const [open, setOpen] = useState(afterMs === 0);
  useEffect(() => {
    const timer = setTimeout(() => setOpen(true), afterMs);
    return () => clearTimeout(timer);
  }, [afterMs]);
  return (
    <button type="button" className="button" disabled={!open} onClick={onRetry}>
      {open ? 'Try again' : `Wait ${Math.ceil(afterMs / 1_000)} s`}
    </button>
  );
}
