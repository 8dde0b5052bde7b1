import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** Colours of series, told apart by most eyes. */
export const COLOURS = {
  type: 'categorical',
  range: ['#3b6fb6', '#d1603d', '#4b8b3b', '#8a5fa8', '#b58900', '#2a9d9d', '#888888'],
} as const;

/** As much of the DOM as is used here; the server has no other. */
interface Picture {
  readonly tagName: string;
  readonly outerHTML: string;
  getElementsByTagName(name: string): Iterable<Picture>;
  setAttribute(name: string, value: string): void;
}

/** Plot's types speak of a browser's DOM, which this project does not compile against. */
const render = Plot.plot as unknown as (options: Omit<Plot.PlotOptions, 'document'> & { readonly document: unknown }) => Picture;
const page = parseHTML('<html><body></body></html>') as { readonly document: unknown };

/**
 * A plot of shares as a picture of its own.
 * @param heading is taken as it is: no text that comes from outside
 */
export function toSvg(options: Plot.PlotOptions, heading: string): string {
  const plot = render({
    document: page.document,
    style: { fontSize: '12px' },
    marginLeft: 56,
    marginTop: 44,
    y: { percent: true, grid: true, label: null, zero: true, nice: true },
    color: COLOURS,
    ...options,
  });
  const [svg] = plot.tagName.toLowerCase() === 'svg' ? [plot] : plot.getElementsByTagName('svg');
  if (svg === undefined) throw new Error('the plot has no picture');
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('style', 'background: white; color: #222');
  const title = `<text x="8" y="18" text-anchor="start" font-size="13" font-weight="bold">${heading}</text>`;
  return `${svg.outerHTML.replace(/<\/svg>$/, `${title}</svg>`)}\n`;
}
