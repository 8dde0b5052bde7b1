import type { Behaviour, Layout, Segment, TaskId } from '../population/behaviour.js';
import type { Random } from '../random/random.js';
import { type Ramp, ramp } from '../relevance/ramp.js';
import type { RelevanceJudge } from '../relevance/relevance-judge.js';
import { countWords } from '../relevance/vocabulary.js';

/** What a query means to a user at one moment. Hidden. */
export interface Meaning {
  /** How well it expresses what the user needs next, in [0, 1]. */
  readonly need: number;
  /** How well it expresses the best of the other needs that are still open. */
  readonly other: number;
  /** How well it expresses a need that has been met already. */
  readonly met: number;
  /** How surely it is about the matter at all. */
  readonly topical: number;
  /** How well it expresses each need of the matter; for finding what two queries have in common. */
  readonly fits: readonly number[];
}

/** A list as one user sees it at one moment. */
export interface View {
  readonly task: TaskId;
  readonly segment: Segment;
  readonly appetite: number;
  /** For a bot, the probability with which it clicks whatever it is shown. */
  readonly robot?: number | undefined;
  /** Queries that the user has asked in this session. */
  readonly asked: readonly string[];
  /** The answer that the user has just read; empty if there is none. */
  readonly answer: string;
  /** Lists that the user has passed over since the last click of the session. */
  readonly ignored: number;
  readonly queries: readonly { readonly text: string; readonly meaning: Meaning }[];
}

const QUESTION = /^(how|what|whats|which|when|where|why|who|can|could|should|is|are|do|does|did|will|would)\b|\?\s*$/i;
const ASSISTANT_VOICE = /^(would you like|do you want|shall i|should i help|let me|i can|are you interested|here (is|are))\b/i;

/** Similarity of words from which a query counts as the same again. */
const SAME_WORDS: Ramp = { from: 0.5, to: 0.95 };
/** Share of a query's words in the answer from which it counts as answered. A good next query takes up some of them. */
const ALL_TOLD: Ramp = { from: 0.7, to: 1 };
/** Share of words that are repeats, from which it is noticed. */
const STAMMER: Ramp = { from: 0.1, to: 0.5 };
/** Little words come again in any sentence. */
const LITTLE_WORD = 3;
/** Share of the longer words of a text that stand in it before. */
function repeatedWords(text: string): number {
  const words =
    text
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.filter((word) => word.length > LITTLE_WORD) ?? [];
  return words.length === 0 ? 0 : 1 - new Set(words).size / words.length;
}

const sameWords = (similarity: number): number => ramp(similarity, SAME_WORDS);

/** Probability that a position of a list is looked at; positions are 1-based. */
export function examination({ examination: curve, examinationTail }: Layout, position: number): number {
  const known = curve[position - 1];
  return known ?? (curve.at(-1) ?? 0) * examinationTail ** (position - curve.length);
}

/**
 * The hidden click model (README, "Click model"): a position-based model, P(click) = P(examined) x attractiveness, with a cascade
 * after the first click. Pure: a user, a moment and a list give the same probabilities every time.
 */
export class ClickModel {
  constructor(
    private readonly behaviour: Behaviour,
    private readonly judge: RelevanceJudge,
  ) {}

  /** Probability of a click on each query, given that nothing above it was clicked. */
  probabilities(view: View): number[] {
    const { robot } = view;
    return robot === undefined ? this.byAppetite(view)(view.appetite) : view.queries.map(() => robot);
  }

  /** The same for a user of any appetite; that of the view does not matter. */
  byAppetite(view: View): (appetite: number) => number[] {
    const layout = this.behaviour.layouts[view.task];
    const said = view.queries.map((_, at) => this.saidAbove(view, at));
    const mood = this.mood(view, said);
    const pull = view.queries.map((_, at) => mood * this.worth(view, at) * (1 - this.behaviour.clicks.redundancy * (said[at] ?? 0)));
    return (appetite) =>
      pull.map((each, at) => {
        const attractiveness = Math.min(1, appetite * each);
        const noise = appetite === 0 ? 0 : layout.noise;
        return examination(layout, at + 1) * (attractiveness + (1 - attractiveness) * noise);
      });
  }

  /** Draws the clicked positions, 1-based, in order. */
  draw(view: View, random: Random): number[] {
    const { continueAfterClick } = this.behaviour.layouts[view.task];
    const clicks: number[] = [];
    for (const [at, probability] of this.probabilities(view).entries()) {
      if (random() >= probability) continue;
      clicks.push(at + 1);
      if (random() >= continueAfterClick) break;
    }
    return clicks;
  }

  /** How ready a user of appetite 1 is to click anything of this list: less in a session that has tired, and for a list that repeats itself. */
  private mood({ task, ignored }: View, said: readonly number[]): number {
    const { clicks, layouts } = this.behaviour;
    const repeats = said.length < 2 ? 0 : said.reduce((sum, again) => sum + again, 0) / (said.length - 1);
    return layouts[task].strength * (1 - clicks.fatigue) ** ignored * (1 - clicks.clutter * repeats);
  }

  /** What a query is worth on its own. */
  private worth(view: View, at: number): number {
    const { clicks, layouts } = this.behaviour;
    const query = view.queries[at];
    if (query === undefined) return 0;
    const { need, other, topical } = query.meaning;
    const interest = Math.max(need, clicks.curiosity * other, layouts[view.task].topical * topical) ** clicks.sharpness;
    return interest === 0 ? 0 : interest * this.novelty(view, at) * this.taste(view, query.text);
  }

  /** Less than 1 for what the user has asked already, in the same or in other words, and for what the answer says already. */
  private novelty({ asked, answer, queries }: View, at: number): number {
    const { repetition, answered } = this.behaviour.clicks;
    const query = queries[at];
    if (query === undefined) return 1;
    const again = Math.max(0, ...asked.map((earlier) => sameWords(this.judge.similarity(earlier, query.text))));
    const told = ramp(this.judge.containment(query.text, answer), ALL_TOLD);
    return (1 - repetition * Math.max(again, query.meaning.met)) * (1 - answered * told);
  }

  /** How surely a query above it in the list says the same, in [0, 1]. */
  private saidAbove({ queries }: View, at: number): number {
    const query = queries[at];
    if (query === undefined || at === 0) return 0;
    const best = query.meaning.fits.indexOf(Math.max(...query.meaning.fits));
    const said = queries.slice(0, at).map(({ text, meaning }) => {
      const inWords = sameWords(this.judge.similarity(text, query.text));
      return Math.max(inWords, Math.min(meaning.fits[best] ?? 0, query.meaning.fits[best] ?? 0));
    });
    return Math.max(0, ...said);
  }

  /** How much the user likes the length and the style. */
  private taste({ task, segment }: View, text: string): number {
    const { words, wordsSpread } = this.behaviour.layouts[task];
    const off = Math.log(countWords(text) / (words * segment.length)) / wordsSpread;
    const style = QUESTION.test(text) ? segment.questions : 1 / segment.questions;
    const voice = ASSISTANT_VOICE.test(text) ? this.behaviour.clicks.assistantVoice : 1;
    const stammer = 1 - this.behaviour.clicks.stammer * ramp(repeatedWords(text), STAMMER);
    return Math.exp((-off * off) / 2) * style * voice * stammer;
  }
}
