import type { CooccurrenceEvidence } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { count, percent } from './numbers.js';
import { Section } from './Section.js';

/** What users asked next, as far as the model was shown it. */
export function EvidenceSection({ evidence }: { readonly evidence: readonly CooccurrenceEvidence[] }) {
  const highest = Math.max(1, ...evidence.map((it) => Number(it.count)));
  return (
    <Section title="Users also asked" aside={evidence.length === 0 ? undefined : count(evidence.length)}>
      {evidence.length === 0 ? (
        <p className="inspector-none">No co-occurring queries are known for this one. They come from logged sessions.</p>
      ) : (
        <table className="evidence">
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Query</th>
              <th scope="col">Times asked next</th>
            </tr>
          </thead>
          <tbody>
            {evidence.map((it) => (
              <tr key={`${it.viaQuery} ${it.query}`}>
                <th scope="row">
                  {it.query}
                  {it.viaQuery !== '' && (
                    <span className="evidence-via">
                      after “{it.viaQuery}”, {percent(it.similarity)} similar
                    </span>
                  )}
                </th>
                <td className="numeric">
                  {count(it.count)}×
                  <span className="meter" data-mark="cooccurrence" aria-hidden="true">
                    <span style={{ width: `${(100 * Number(it.count)) / highest}%` }} />
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}
