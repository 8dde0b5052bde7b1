import { availableParallelism, loadavg } from 'node:os';

/** Rows in columns, the first one to the left and the others to the right. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  for (const row of all) printRow(row, widths);
}

/** Begins a table whose rows are printed as they come, by what it returns, so that an interrupted run leaves figures. Heads are the widest. */
export function startTable(head: readonly string[]): (row: readonly string[]) => void {
  const widths = head.map((text) => text.length);
  printRow(head, widths);
  return (row) => {
    printRow(row, widths);
  };
}

function printRow(row: readonly string[], widths: readonly number[]): void {
  console.log(
    widths.map((width, column) => (column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width))).join('   '),
  );
}

/** Says what was measured, and whether the machine had anything else to do: then times mean little, and ratios less than they seem to. */
export function printTitle(title: string): void {
  const [load = 0] = loadavg();
  const cores = availableParallelism();
  const busy = load > 0.75 * cores ? '  (busy: measure again when nothing else runs)' : '';
  console.log(`\n${title}\n${String(cores)} cores, load ${load.toFixed(1)} when it began${busy}\n`);
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const seconds = (valueMs: number): string => `${(valueMs / 1000).toFixed(1)} s`;
export const ratio = (value: number, base: number): string => (value / base).toFixed(2);
export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
