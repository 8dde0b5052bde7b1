import { useState } from 'react';

/** A setting that this browser remembers, if it lets us. */
export function useStored<Value extends string>(key: string, values: readonly Value[], fallback: Value) {
  const [value, setValue] = useState(() => stored(key, values, fallback));
  const change = (next: Value) => {
    setValue(next);
    write(key, next);
  };
  return [value, change] as const;
}

/** What is remembered, if it is one of the values. */
export function stored<Value extends string>(key: string, values: readonly Value[], fallback: Value): Value {
  try {
    const text = localStorage.getItem(key);
    return values.find((value) => value === text) ?? fallback;
  } catch {
    return fallback;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is blocked or full: the setting lasts as long as the page.
  }
}
