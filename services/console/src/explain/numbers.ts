const percentFormat = new Intl.NumberFormat('en', { style: 'percent', maximumSignificantDigits: 3 });
const countFormat = new Intl.NumberFormat('en');

/** A probability, as "12.4%". */
export function percent(probability: number): string {
  return probability > 0 && probability < 0.0001 ? '< 0.01%' : percentFormat.format(probability);
}

/** A time, as "0.4 ms", "38 ms" or "1.42 s". */
export function duration(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(1)} ms`;
}

export function count(value: number | bigint): string {
  return countFormat.format(value);
}

/** A number with a true minus sign: to so many decimals, or as short as it is exact to three. */
export function decimal(value: number, decimals?: number): string {
  const text = decimals === undefined ? String(Math.round(value * 1_000) / 1_000) : value.toFixed(decimals);
  return text.replace('-', '−');
}
