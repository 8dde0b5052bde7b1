import type { ReactNode } from 'react';
import { TryPage } from '../try/TryPage.js';
import type { AppContext } from './context.js';

/** A page of the console. Adding one here adds it to the navigation. */
export interface Page {
  /** First segment of its address, after `#/`. */
  readonly id: string;
  readonly title: string;
  /** `rest` is what follows the first segment of the address. */
  readonly render: (context: AppContext, rest: string) => ReactNode;
}

const tryPage: Page = {
  id: 'try',
  title: 'Try',
  render: (context, rest) => <TryPage context={context} view={rest === 'writing' ? 'writing' : 'chat'} />,
};

export const PAGES: readonly Page[] = [tryPage];
export const HOME = tryPage;
