import { describe, expect, it } from 'vitest';
import { describe as describeUpdate, formatBytes, formatSeconds, Progress, showing } from './progress.mjs';

describe('describe', () => {
  it('shows share, amount and time left', () => {
    expect(describeUpdate({ done: 25e6, total: 100e6, unit: 'bytes' }, 10)).toMatch(/█{6}░{18} 25% {2}25 MB of 100 MB {2}30 s left$/);
  });

  it('shows the time that has passed when the total is unknown', () => {
    expect(describeUpdate({ note: 'unpacking' }, 3)).toBe('3.0 s  unpacking');
  });
});

describe('formats', () => {
  it('are short', () => {
    expect([12_345, 92_871_040, 3.2e9].map(formatBytes)).toEqual(['12 kB', '93 MB', '3.2 GB']);
    expect([0.25, 42, 185].map(formatSeconds)).toEqual(['0.3 s', '42 s', '3 min 5 s']);
  });
});

describe('showing', () => {
  it('writes plain lines where nobody could see a line being redrawn', async () => {
    let written = '';
    const progress = new Progress({ write: (text: string) => (written += text) });
    await showing(progress, 'Fetching', (task) => {
      task.update({ done: 1, total: 2 });
      return Promise.resolve();
    });
    await showing(progress, 'Checking', () => Promise.reject(new Error('damaged'))).catch(() => undefined);
    expect(written).toMatch(/^ {2}Fetching \.\.\.\n✓ Fetching \(0\.\d s\)\n {2}Checking \.\.\.\n✗ Checking\n$/);
  });
});
