/**
 * Share of clicks by position among panes with clicks, by number of options, and share of panes without a click: MIMICS-Duo (Tavakoli,
 * Trippas, Zamani, Scholer and Sanderson, SIGIR 2022), real engagement with clarification panes of a search engine.
 */
export const CLICK_SHARES: Readonly<Record<number, readonly number[]>> = {
  2: [0.64, 0.36],
  3: [0.55, 0.32, 0.13],
  4: [0.46, 0.19, 0.22, 0.13],
  5: [0.35, 0.22, 0.19, 0.17, 0.06],
};
export const WITHOUT_CLICK = 0.52;
