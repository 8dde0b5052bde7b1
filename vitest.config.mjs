import { defineConfig } from 'vitest/config';

// Tests run as compiled by tsc: the same code that ships, worker threads included, and every test is type-checked.
export default defineConfig({
  test: {
    include: ['services/*/dist/**/*.spec.js', 'services/console/dist-test/**/*.spec.js', 'e2e/dist/**/*.spec.js'],
    // Generous, because tests assert correctness, and machines are busy.
    testTimeout: 60_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
