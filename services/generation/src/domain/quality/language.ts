/** A language or, where only that can be told, a script. */
export type Language = string;

/** Writing systems that tell languages apart. Chinese and Japanese share one, since Japanese may be written in Han characters alone. */
const SCRIPTS: readonly (readonly [Language, RegExp])[] = [
  ['latin', /\p{Script=Latin}/gu],
  ['cyrillic', /\p{Script=Cyrillic}/gu],
  ['greek', /\p{Script=Greek}/gu],
  ['arabic', /\p{Script=Arabic}/gu],
  ['hebrew', /\p{Script=Hebrew}/gu],
  ['devanagari', /\p{Script=Devanagari}/gu],
  ['thai', /\p{Script=Thai}/gu],
  ['hangul', /\p{Script=Hangul}/gu],
  ['han', /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu],
];

/** Frequent short words by language; words that two of these languages share count for neither. */
const FREQUENT: Readonly<Record<string, string>> = {
  en: 'the and to of for how what is are can my with does do i why when which should without best from vs between you your it without or make',
  de: 'der die das und ist wie ich kann mein meine ein eine einen für mit auf von zu nicht welche warum wann wo ohne bei im zum zur gegen den dem sind man',
  fr: 'le la les des du et est comment je peux mon ma une pour avec sur quel quelle quels pourquoi quand où sans dans au aux ce cette mes faire puis',
  es: 'el la los las del y es cómo como puedo mi una para con sobre qué que cuál cuáles por cuándo dónde sin en al hacer mis puede son mejor',
  it: 'il lo gli della del e è come posso mio mia una per con su quale quali perché quando dove senza nel al fare miei che di sono migliore',
  pt: 'o os as do da e é como posso meu minha uma para com sobre qual quais por quando onde sem no na ao fazer que são melhor não em',
  nl: 'de het een en is hoe kan ik mijn voor met op van welke waarom wanneer waar zonder in naar bij zijn niet maken beste wat',
};
const WORDS: ReadonlyMap<string, Language | undefined> = frequentWords();
/** Frequent words that a language must lead by, or its text is too short to tell. */
const LEAD = 2;

function frequentWords(): Map<string, Language | undefined> {
  const words = new Map<string, Language | undefined>();
  for (const [language, list] of Object.entries(FREQUENT))
    for (const word of new Set(list.split(' '))) words.set(word, words.has(word) ? undefined : language);
  return words;
}

function lettersBy(text: string): ReadonlyMap<Language, number> {
  return new Map(SCRIPTS.map(([script, letters]) => [script, text.match(letters)?.length ?? 0]));
}

const ASCII = /^[\0-\x7f]*$/;

function scriptOf(text: string): Language | undefined {
  if (ASCII.test(text)) return /[a-z]/i.test(text) ? 'latin' : undefined;
  const [first, second] = [...lettersBy(text)].sort((a, b) => b[1] - a[1]);
  return first === undefined || first[1] <= (second?.[1] ?? 0) ? undefined : first[0];
}

/** The language of a text; undefined where it is too short or too mixed to tell. */
export function languageOf(text: string): Language | undefined {
  const script = scriptOf(text.slice(0, 2_000));
  if (script !== 'latin') return script;
  const counts = new Map<Language, number>();
  for (const word of text
    .slice(0, 2_000)
    .toLowerCase()
    .split(/[^\p{L}]+/u)) {
    const language = WORDS.get(word);
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const [first, second] = [...counts].sort((a, b) => b[1] - a[1]);
  return first !== undefined && first[1] - (second?.[1] ?? 0) >= LEAD ? first[0] : 'latin';
}

/** The language in which someone asks: that of the query, or of the answer that they read where the query is too short to tell. */
export function languageAsked(query: string, response: string): Language | undefined {
  const own = languageOf(query);
  if (own !== undefined && own !== 'latin') return own;
  const read = languageOf(response);
  return own === undefined || (read !== undefined && isLatin(read)) ? (read ?? own) : own;
}

function isLatin(language: Language): boolean {
  return language === 'latin' || language in FREQUENT;
}

/** Whether a text may stand in an answer to someone who writes `language`; in doubt it may. */
export function follows(text: string, language: Language | undefined): boolean {
  if (language === undefined) return true;
  const own = languageOf(text);
  if (isLatin(language)) return own === undefined || own === language || (isLatin(own) && (own === 'latin' || language === 'latin'));
  // Names and units are written in Latin letters everywhere; some of the text must still be in the script of the query.
  return own === language || (lettersBy(text).get(language) ?? 0) > 0 || !/\p{L}/u.test(text);
}
