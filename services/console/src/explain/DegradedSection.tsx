import type { Degradation } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { Notice } from '../design/Notice.js';
import { degradationWords } from './wording.js';

export function DegradedSection({ degradation }: { readonly degradation: Degradation }) {
  const { title, reasons } = degradationWords(degradation);
  return (
    <Notice tone="warn" title={`Degraded. ${title}`}>
      <ul className="violations">
        {reasons.map(({ code, text }) => (
          <li key={code}>
            {text} <code>{code}</code>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
