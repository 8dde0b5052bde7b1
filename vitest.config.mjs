import { defineConfig } from 'vitest/config';

// Tests run as compiled by tsc: the same code that ships, worker threads included, and every test is type-checked.
export default defineConfig({
  test: {
    include: ['services/*/dist/**/*.spec.js', 'services/console/dist-test/**/*.spec.js', 'e2e/dist/**/*.spec.js'],
    testTimeout: 20_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
