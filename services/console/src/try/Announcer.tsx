import type { Turn } from '../session/turn.js';

/** Tells a screen reader what has arrived, one sentence at a time. */
export function Announcer({ turn, listName }: { readonly turn: Turn | undefined; readonly listName: string }) {
  return (
    <p className="visually-hidden" role="status">
      {turn === undefined ? '' : sentence(turn, listName)}
    </p>
  );
}

function sentence({ main, hint }: Turn, listName: string): string {
  if (main.phase === 'failed') return '';
  if (main.phase !== 'complete') return `${listName} are being written.`;
  const texts = main.recommendations.map(({ text }) => text);
  const list = texts.length === 0 ? `No ${listName.toLowerCase()}.` : `${texts.length} ${listName.toLowerCase()}: ${texts.join('; ')}.`;
  const [first] = hint?.recommendations ?? [];
  return first === undefined ? list : `${list} Hint in the search box: ${first.text}.`;
}
