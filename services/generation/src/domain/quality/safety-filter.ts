import type { Fault } from './fault.js';

/** A topic that no query may lead to. */
export interface UnsafeTopic {
  readonly name: string;
  /** A text that matches one of these is refused, */
  readonly refuse: readonly RegExp[];
  /** once what matches these is taken out of it: harmless phrases that look dangerous. */
  readonly allow: readonly RegExp[];
}

export type PersonalData = 'email' | 'phone' | 'card' | 'iban' | 'ssn' | 'street_address' | 'ip_address';

export interface SafetyRules {
  readonly topics: readonly UnsafeTopic[];
  readonly personalData: readonly PersonalData[];
}

/** International numbers, North American ones, and national ones that begin with 0. Other groups of digits are sizes, years and codes. */
const PHONES = [
  /(?<![\p{L}\p{N}])\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?!\p{N})/u,
  /(?<![\p{L}\p{N}.])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\p{N})/u,
  /(?<![\p{L}\p{N}.])\(?0\d{2,4}\)?[ .-]\d{3,4}[ .-]?\d{3,4}(?!\p{N})/u,
];

const DETECTORS: Readonly<Record<PersonalData, (text: string) => boolean>> = {
  email: (text) => /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/u.test(text),
  phone: (text) => PHONES.some((pattern) => pattern.test(text)),
  card: (text) => (text.match(/(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g) ?? []).some(passesLuhn),
  iban: (text) => /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b/.test(text),
  ssn: (text) => /(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/.test(text),
  street_address: (text) =>
    /\b\d{1,5} (?:\p{L}+ ){1,3}(?:street|avenue|boulevard|lane|road|drive|court)\b,? (?:apt|apartment|unit|#|\p{L}+,? [A-Z]{2} \d{5})/iu.test(
      text,
    ),
  ip_address: (text) => (/(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.])/.exec(text)?.slice(1) ?? []).some(isPublicOctet),
};

function isPublicOctet(octet: string, at: number, octets: readonly string[]): boolean {
  const [first = 0, second = 0] = octets.map(Number);
  const isPrivate =
    first === 10 ||
    first === 127 ||
    first === 0 ||
    first === 255 ||
    (first === 192 && second === 168) ||
    (first === 172 && second >= 16 && second < 32);
  return at === 0 && !isPrivate && octets.every((each) => Number(each) <= 255);
}

/** Check digit of payment cards (ISO/IEC 7812-1). */
function passesLuhn(digits: string): boolean {
  const sum = Array.from(digits.replace(/\D/g, ''))
    .reverse()
    .map(Number)
    .reduce((total, digit, at) => total + (at % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0);
  return sum % 10 === 0;
}

/** Refuses lines that lead to unsafe topics or hold personal data. Works on words, not on sense: it is a net, not a judge. */
export class SafetyFilter {
  constructor(private readonly rules: SafetyRules) {}

  /** The topic or kind of personal data for which a text is refused; undefined if it is not. */
  reasonOf(text: string): { readonly fault: Fault; readonly detail: string } | undefined {
    const plain = text.normalize('NFKC');
    // All kinds have digits, but for addresses of mail.
    const mayBePersonal = /[\d@]/.test(plain);
    const personal = mayBePersonal ? this.rules.personalData.find((kind) => DETECTORS[kind](plain)) : undefined;
    if (personal !== undefined) return { fault: 'personal_data', detail: personal };
    const topic = this.rules.topics.find(({ refuse, allow }) => {
      const rest = allow.reduce((left, phrase) => left.replaceAll(phrase, ' '), plain);
      return refuse.some((pattern) => rest.search(pattern) >= 0);
    });
    return topic && { fault: 'unsafe_topic', detail: topic.name };
  }
}
