/** A table in Markdown; heads in lower case. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head.map((cell) => cell.toLowerCase())), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
