import { writeFileSync } from 'node:fs';

/**
 * @typedef {object} Summary
 * @property {number} passed
 * @property {number} failed
 * @property {{ name: string, reason: string }[]} skipped
 */

const NO_REASON = 'no reason given';

/**
 * Adds up what several test runners found.
 * @param {readonly Summary[]} summaries
 * @returns {Summary}
 */
export function merge(summaries) {
  return {
    passed: summaries.reduce((sum, { passed }) => sum + passed, 0),
    failed: summaries.reduce((sum, { failed }) => sum + failed, 0),
    skipped: summaries.flatMap(({ skipped }) => skipped),
  };
}

/**
 * The end of a test run: why tests were skipped, many of one reason in one line, then the counts alone on the last line.
 * @param {Summary} summary
 */
export function renderSummary({ passed, failed, skipped }) {
  /** @type {Map<string, string[]>} */
  const byReason = new Map();
  for (const { name, reason } of skipped) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  const lines = [...byReason].map(([reason, [first, ...others]]) => {
    const what = others.length === 0 ? first : `${first}, and ${others.length} more`;
    return `  skipped: ${what}\n    because: ${reason}`;
  });
  return [...lines, `${passed} passed, ${failed} failed, ${skipped.length} skipped`].join('\n');
}

const ENTITIES = new Map([
  ['quot', '"'],
  ['apos', "'"],
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
]);

/** @param {string} text */
function unescapeXml(text) {
  return text.replace(/&(quot|apos|lt|gt|amp|#x[0-9A-Fa-f]+|#\d+);/g, (_, name) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    return ENTITIES.get(name) ?? String.fromCodePoint(Number(name.slice(1)));
  });
}

/**
 * The summary of a JUnit report as pytest writes it.
 * @param {string} xml
 * @returns {Summary}
 */
export function readJunit(xml) {
  /** @type {Summary} */
  const summary = { passed: 0, failed: 0, skipped: [] };
  for (const [, attributes = '', , body = ''] of xml.matchAll(/<testcase\b((?:[^>"]|"[^"]*")*?)(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const name = unescapeXml(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? '');
    const skip = /<skipped\b[^>]*?\bmessage="([^"]*)"/.exec(body);
    if (/<(failure|error)\b/.test(body)) summary.failed += 1;
    else if (skip !== null || body.includes('<skipped')) summary.skipped.push({ name, reason: unescapeXml(skip?.[1] || NO_REASON) });
    else summary.passed += 1;
  }
  return summary;
}

/** A vitest reporter that writes the summary of a run to the file that GQR_TEST_SUMMARY names. */
export default class SummaryReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {Summary} */
    const summary = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      // A file that could not be loaded, or whose hooks failed, is a failure though none of its tests ran.
      const failedBefore = summary.failed;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') summary.passed += 1;
        else if (result.state === 'failed') summary.failed += 1;
        else if (result.state === 'skipped') summary.skipped.push({ name: test.fullName, reason: result.note ?? NO_REASON });
      }
      if (module.state() === 'failed' && summary.failed === failedBefore) summary.failed += 1;
    }
    const path = process.env['GQR_TEST_SUMMARY'];
    if (path) writeFileSync(path, JSON.stringify(summary));
  }
}
