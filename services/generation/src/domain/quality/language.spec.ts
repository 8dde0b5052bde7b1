import { describe, expect, it } from 'vitest';
import { follows, languageAsked, languageOf } from './language.js';

it.each([
  ['how to freeze cooked rice', 'en'],
  ['wie kann ich reis einfrieren', 'de'],
  ['comment faire une tarte aux pommes', 'fr'],
  ['cómo puedo hacer una tortilla', 'es'],
  ['quali sono le spiagge migliori della sardegna', 'it'],
  ['como fazer um bolo para o natal', 'pt'],
  ['hoe kan ik een band plakken', 'nl'],
  ['как заморозить рис', 'cyrillic'],
  ['日本語で質問してもいいですか', 'han'],
  ['كيف أطبخ الأرز', 'arabic'],
  ['monstera', 'latin'],
  ['12345', undefined],
])('tells of %j that it is %s', (text, language) => {
  expect(languageOf(text)).toBe(language);
});

it('goes by the answer that was read where a query is too short to tell', () => {
  expect(
    languageAsked(
      'monstera pflege',
      'Die Monstera mag es hell, und sie will nicht zu viel Wasser. Man kann sie im Sommer ins Freie stellen.',
    ),
  ).toBe('de');
  expect(languageAsked('monstera', '')).toBe('latin');
  expect(languageAsked('wie kann ich reis einfrieren', 'You can freeze rice in the freezer for a month.')).toBe('de');
});

describe('a line', () => {
  it.each([
    ['how to store rice', 'en'],
    ['rice cooker', 'en'],
    ['crème brûlée', 'en'],
    ['iPhone 16', 'han'.replace('han', 'latin')],
    ['iPhone 16 の価格', 'han'],
    ['2024', 'cyrillic'],
    ['how to store rice', undefined],
    ['how to store rice', 'latin'],
  ])('%j may answer %s', (text, language) => {
    expect(follows(text, language)).toBe(true);
  });

  it.each([
    ['wie kann ich reis lagern', 'en'],
    ['how to store rice in the fridge', 'de'],
    ['how to store rice', 'han'],
    ['как заморозить рис', 'latin'],
    ['как заморозить рис', 'arabic'],
  ])('%j may not answer %s', (text, language) => {
    expect(follows(text, language)).toBe(false);
  });
});
