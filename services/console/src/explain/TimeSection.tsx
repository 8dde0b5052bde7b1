import type { PhaseTiming } from '@gqr/protos/gqr/context/v1/context';
import { duration, percent } from './numbers.js';
import { phaseShares } from './phases.js';
import { Section } from './Section.js';

interface TimeSectionProps {
  readonly timings: readonly PhaseTiming[];
  /** As this page saw it, network included. */
  readonly firstAfterMs: number | undefined;
  readonly completeAfterMs: number | undefined;
}

/** Where the time went: a stacked bar and its legend. */
export function TimeSection({ timings, firstAfterMs, completeAfterMs }: TimeSectionProps) {
  const { totalMs, phases } = phaseShares(timings);
  if (phases.length === 0) return null;
  return (
    <Section title="Time" aside={duration(totalMs)}>
      <div className="phase-bar" aria-hidden="true">
        {phases.map(({ phase, key, share }, index) => (
          <span key={index} data-mark={key} data-phase={phase} style={{ flexGrow: share }} />
        ))}
      </div>
      <dl className="phase-legend">
        {phases.map(({ name, key, durationMs, share }, index) => (
          <div key={index}>
            <dt>
              <span className="phase-swatch" data-mark={key} />
              {name}
            </dt>
            <dd className="numeric" title={percent(share)}>
              {duration(durationMs)}
            </dd>
          </div>
        ))}
      </dl>
      {completeAfterMs !== undefined && (
        <p className="inspector-sum">
          Seen from this page: first query after {duration(firstAfterMs ?? completeAfterMs)}, whole list after {duration(completeAfterMs)}
        </p>
      )}
    </Section>
  );
}
