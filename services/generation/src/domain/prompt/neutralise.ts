// Text from users becomes one line of a prompt. What could end that line, open a section, forge a chat marker or a list separator,
// or hide text from a reader is taken out here, and nowhere else.

/** C0 and C1 controls, line and paragraph separators: all that could break a line. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** Zero-width and bidirectional format characters, soft hyphen, tags and variation selectors of the supplementary planes. */
const INVISIBLE = /\u034f|[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
/** The separator of list items in a prompt, and the bar of chat markers such as <|im_end|>. */
const BARS = /[|\uff5c\u00a6]/g;
/** Characters that stand for none, private ones, and the one that stands for broken bytes: a model that reads them writes them. */
const MEANINGLESS = /[\p{Cn}\p{Co}\ufffd]/gu;
/** Halves of surrogate pairs that stand alone. */
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line of plain text that cannot be told from a user's words by its form. Idempotent. */
export function neutralise(text: string): string {
  return text
    .replace(LONE_SURROGATES, '')
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(MEANINGLESS, '')
    .replace(BREAKS, ' ')
    .replace(BARS, '/')
    .replace(/\s+/g, ' ')
    .trim();
}
