/** The little of Markdown that AI answers use. Anything else stays text; nothing is ever read as HTML. */
export type Block =
  | { readonly kind: 'paragraph' | 'heading' | 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly string[] };

export interface Span {
  readonly kind: 'text' | 'strong' | 'code';
  readonly text: string;
}

const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d{1,3}[.)]\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*?)#*\s*$/;
const FENCE = /^\s*```/;

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const close = () => {
    if (paragraph.length > 0) blocks.push({ kind: 'paragraph', text: paragraph.join('\n') });
    paragraph = [];
  };
  const lines = text.split(/\r\n|\r|\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (FENCE.test(line)) {
      close();
      const end = lines.findIndex((other, index) => index > at && FENCE.test(other));
      const last = end === -1 ? lines.length : end;
      blocks.push({ kind: 'code', text: lines.slice(at + 1, last).join('\n') });
      at = last;
      continue;
    }
    const heading = HEADING.exec(line);
    const item = BULLET.exec(line) ?? NUMBER.exec(line);
    if (line.trim() === '' || heading !== null || item !== null) close();
    if (heading !== null) blocks.push({ kind: 'heading', text: heading[1]?.trim() ?? '' });
    else if (item !== null) addItem(blocks, NUMBER.test(line), item[1] ?? '', (lines[at - 1] ?? '').trim() === '');
    else if (line.trim() !== '') paragraph.push(line.trim());
  }
  close();
  return blocks;
}

/** Continues the list that stands last, or begins one. Items with blank lines between them are still one list. */
function addItem(blocks: Block[], ordered: boolean, item: string, afterBlank: boolean): void {
  const last = blocks.at(-1);
  if (last?.kind === 'list' && last.ordered === ordered && (ordered || !afterBlank))
    blocks.splice(-1, 1, { ...last, items: [...last.items, item] });
  else blocks.push({ kind: 'list', ordered, items: [item] });
}

export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  for (const part of text.split(/(\*\*(?=\S)[^*]+(?<=\S)\*\*|`[^`]+`)/)) {
    if (part === '') continue;
    if (part.startsWith('**') && part.endsWith('**') && part.length > 4) spans.push({ kind: 'strong', text: part.slice(2, -2) });
    else if (part.startsWith('`') && part.endsWith('`') && part.length > 2) spans.push({ kind: 'code', text: part.slice(1, -1) });
    else spans.push({ kind: 'text', text: part });
  }
  return spans;
}
