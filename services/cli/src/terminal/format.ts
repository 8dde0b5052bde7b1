import type { JsonObject } from '@bufbuild/protobuf';
import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';

export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${seconds.toFixed(0)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 100 ? `${String(minutes)} min ${(seconds % 60).toFixed(0)} s` : `${(minutes / 60).toFixed(1)} h`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Local time to the second. */
export function formatTime(timestamp: Timestamp | undefined): string {
  if (timestamp === undefined) return '';
  const date = timestampDate(timestamp);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Time between two moments; up to now if the second is open. */
export function formatSpan(from: Timestamp | undefined, to: Timestamp | undefined): string {
  if (from === undefined) return '';
  const end = to === undefined ? Date.now() : timestampDate(to).getTime();
  return formatSeconds((end - timestampDate(from).getTime()) / 1000);
}

/** A number with as many digits as tell something. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

/** A free-form object on lines of "path value". */
export function flatten(object: JsonObject, prefix = ''): [string, string][] {
  return Object.entries(object).flatMap(([key, value]): [string, string][] => {
    const name = `${prefix}${key}`;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return flatten(value, `${name}.`);
    return [[name, typeof value === 'number' ? formatNumber(value) : typeof value === 'string' ? value : JSON.stringify(value)]];
  });
}
