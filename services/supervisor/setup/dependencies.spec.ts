import { describe, expect, it } from 'vitest';
import { findOutdated } from './dependencies.mjs';

const locked = {
  '': { version: '0.1.0' },
  'services/ctr': { version: '0.1.0' },
  'node_modules/@gqr/ctr': { link: true },
  'node_modules/zod': { version: '4.6.7' },
  'node_modules/other-platform': { version: '1.0.0', optional: true },
};

describe('findOutdated', () => {
  it('is content with what the lock file says, packages of other platforms aside', () => {
    const installed = { 'node_modules/@gqr/ctr': { link: true }, 'node_modules/zod': { version: '4.6.7' } };
    expect(findOutdated(locked, installed)).toEqual([]);
  });

  it('names packages that are missing, of another version, or no link', () => {
    const installed = {
      'node_modules/@gqr/ctr': { version: '0.1.0' },
      'node_modules/other-platform': { version: '0.9.0', optional: true },
    };
    expect(findOutdated(locked, installed)).toEqual(['node_modules/@gqr/ctr', 'node_modules/zod', 'node_modules/other-platform']);
  });
});
