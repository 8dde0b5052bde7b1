export interface Ramp {
  readonly from: number;
  readonly to: number;
}

/** How far a value is on its way from one number to another, in [0, 1]. */
export function ramp(value: number, { from, to }: Ramp): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}
