import type { PhaseTiming } from '@gqr/protos/gqr/context/v1/context';

export interface PhaseShare {
  readonly phase: string;
  readonly name: string;
  /** Name of its colour. */
  readonly key: 'generation' | 'cooccurrence' | 'popular' | 'ctr' | 'log' | 'gateway' | 'rest';
  readonly durationMs: number;
  /** Of the whole, in [0, 1]. */
  readonly share: number;
}

const PHASES: Readonly<Record<string, Pick<PhaseShare, 'name' | 'key'>>> = {
  cooccurrence: { name: 'Co-occurrence', key: 'cooccurrence' },
  generation: { name: 'Generation', key: 'generation' },
  popular: { name: 'Popular', key: 'popular' },
  ctr: { name: 'Click prediction', key: 'ctr' },
  log: { name: 'Event log', key: 'log' },
  gateway: { name: 'Gateway', key: 'gateway' },
};

/** The phases in the order of the answer, each with its share of their sum. */
export function phaseShares(timings: readonly PhaseTiming[]): { readonly totalMs: number; readonly phases: readonly PhaseShare[] } {
  const totalMs = timings.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const phases = timings.map(({ phase, durationMs }): PhaseShare => {
    const known = PHASES[phase] ?? { name: phase, key: 'rest' };
    return { phase, ...known, durationMs, share: totalMs === 0 ? 0 : durationMs / totalMs };
  });
  return { totalMs, phases };
}
