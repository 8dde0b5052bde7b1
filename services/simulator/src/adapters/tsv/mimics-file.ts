import { readFileSync } from 'node:fs';
import { liftByWords, type PaneShares } from '../../domain/realism/pane-shares.js';

const MOST_OPTIONS = 5;

/** What real users did with panes, by number of options, from a file in the format of MIMICS-ClickExplore. */
export function readMimics(file: string): Map<number, PaneShares> {
  const [head = '', ...lines] = readFileSync(file, 'utf8').split(/\r?\n/);
  const columns = new Map(head.split('\t').map((name, at) => [name, at]));
  const column = (cells: readonly string[], name: string): string => cells[columns.get(name) ?? -1] ?? '';
  const panes = new Map<number, { texts: string[]; clicks: number[]; level: number }[]>();
  for (const line of lines.filter((each) => each !== '')) {
    const cells = line.split('\t');
    const numbers = Array.from({ length: MOST_OPTIONS }, (_, at) => at + 1);
    const texts = numbers.map((n) => column(cells, `option_${n}`)).filter((text) => text !== '');
    const clicks = numbers.map((n) => Number(column(cells, `option_cctr_${n}`)));
    const sameSize = panes.get(texts.length) ?? [];
    sameSize.push({ texts, clicks: clicks.slice(0, texts.length), level: Number(column(cells, 'engagement_level')) });
    panes.set(texts.length, sameSize);
  }
  return new Map(
    [...panes].map(([options, all]) => {
      const clicked = all.filter(({ clicks }) => clicks.some((share) => share > 0));
      const byPosition = Array.from({ length: options }, (_, at) => clicked.reduce((sum, { clicks }) => sum + (clicks[at] ?? 0), 0));
      const total = byPosition.reduce((sum, share) => sum + share, 0);
      const cells = clicked.flatMap(({ texts, clicks }) =>
        texts.map((text, at) => ({ at, words: text.split(/\s+/).length, clicked: clicks[at] ?? 0 })),
      );
      return [
        options,
        {
          byPosition: byPosition.map((share) => share / total),
          withoutClick: 1 - clicked.length / all.length,
          byWords: liftByWords(cells, byPosition, clicked.length),
        },
      ];
    }),
  );
}
