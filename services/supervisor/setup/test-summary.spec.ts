import { describe, expect, it } from 'vitest';
import { merge, readJunit, renderSummary } from './test-summary.mjs';

const JUNIT = `<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
<testcase classname="tests.test_a" name="test_pass[a &gt; b]" time="0.1" />
<testcase classname="tests.test_a" name="test_fail" time="0.1"><failure message="assert 1 == 2">def test_fail():
&gt;   assert 1 == 2</failure></testcase>
<testcase classname="tests.test_a" name="test_error" time="0.1"><error message="failed on setup">x</error></testcase>
<testcase classname="tests.test_a" name="test_skip" time="0.0"><skipped type="pytest.skip" message="needs &quot;weights&quot;">x</skipped></testcase>
</testsuite></testsuites>`;

describe('readJunit', () => {
  it('counts what passed and failed, and keeps the reasons of what was skipped', () => {
    expect(readJunit(JUNIT)).toEqual({ passed: 1, failed: 2, skipped: [{ name: 'test_skip', reason: 'needs "weights"' }] });
  });
});

describe('renderSummary', () => {
  it('ends with the counts of all runners, after every reason of a skip', () => {
    const vitest = { passed: 5, failed: 0, skipped: ['a', 'b'].map((name) => ({ name, reason: 'no browser' })) };
    expect(renderSummary(merge([vitest, readJunit(JUNIT)])).split('\n')).toEqual([
      '  skipped: a, and 1 more',
      '    because: no browser',
      '  skipped: test_skip',
      '    because: needs "weights"',
      '6 passed, 2 failed, 3 skipped',
    ]);
  });
});
