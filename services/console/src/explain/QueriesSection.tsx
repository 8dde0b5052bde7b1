import type { ListReward, Recommendation, RecommendResponse } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import { decimal, percent } from './numbers.js';
import { Section } from './Section.js';
import { SourceTag } from './SourceTag.js';
import { rewardWords } from './wording.js';

interface QueriesSectionProps {
  readonly response: RecommendResponse;
  readonly reward: ListReward | undefined;
}

/** Each query with its source, its click probability and the probability with which it was drawn. */
export function QueriesSection({ response, reward }: QueriesSectionProps) {
  const { recommendations, explanation } = response;
  const highest = Math.max(0, ...recommendations.map(({ clickProbability }) => clickProbability ?? 0));
  if (recommendations.length === 0) return null;
  return (
    <Section title="Queries">
      <table className="queries">
        <thead>
          <tr>
            <th scope="col">Query and source</th>
            <th scope="col">P(click)</th>
            <th scope="col" title="Natural logarithm of the probability with which it was drawn at its position">
              ln propensity
            </th>
          </tr>
        </thead>
        <tbody>
          {recommendations.map((it) => (
            <QueryRow key={it.position} recommendation={it} highest={highest} />
          ))}
        </tbody>
      </table>
      {explanation?.listReward !== undefined && (
        <p className="inspector-sum">
          {rewardWords(reward)} <strong className="numeric">{decimal(explanation.listReward, 3)}</strong>
        </p>
      )}
    </Section>
  );
}

function QueryRow({ recommendation, highest }: { readonly recommendation: Recommendation; readonly highest: number }) {
  const { text, query, source, clickProbability, logPropensity } = recommendation;
  return (
    <tr>
      <th scope="row">
        <span className="queries-text" dir="auto">
          {text}
        </span>
        {query !== text && <span className="queries-asks">asks: {query}</span>}
        <SourceTag source={source} />
      </th>
      <td className="numeric">
        {clickProbability === undefined ? (
          <Unknown why="Not scored" />
        ) : (
          <>
            {percent(clickProbability)}
            <span className="meter" aria-hidden="true">
              <span style={{ width: `${(100 * clickProbability) / highest}%` }} />
            </span>
          </>
        )}
      </td>
      <td className="numeric">
        {logPropensity === undefined ? <Unknown why="Not known for a list that was drawn afresh" /> : decimal(logPropensity, 2)}
      </td>
    </tr>
  );
}

function Unknown({ why }: { readonly why: string }) {
  return (
    <span className="unknown" title={why}>
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">{why}</span>
    </span>
  );
}
