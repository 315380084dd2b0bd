import { defineConfig } from 'vitest/config';
import { pageCoverageDirectory } from '../test/coverage-report/page-coverage.ts';
import { uncoveredReporter } from '../test/coverage-report/reporter.ts';

const isMeasured = process.argv.includes('--coverage');

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  // The examples import from 'sluice' as a user would; here that is the source, not the last build.
  resolve: {
    alias: [
      { find: /^sluice$/, replacement: new URL('../src/index.ts', import.meta.url).pathname },
      {
        find: /^sluice\/(testing|inspector|metrics)$/,
        replacement: new URL('../src/$1/index.ts', import.meta.url).pathname,
      },
    ],
  },
  // Long enough for any busy machine: it ends what hangs and judges nothing.
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: ['test/**/*.test.ts', 'docs/examples/*.test.ts'],
    setupFiles: ['test/support/property-seed.ts'],
    typecheck: { enabled: false },
    // What is covered may not be a matter of chance: with other seeds a reason could come and go (test/coverage-report/reasons.ts).
    ...(isMeasured && {
      reporters: ['default', uncoveredReporter],
      env: { PROPERTY_SEED: '1', PAGE_COVERAGE: pageCoverageDirectory },
    }),
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'machines/**/*.ts'],
      // What of the page needs a browser is measured in the one where test/e2e walks it (test/coverage-report/).
      exclude: ['src/inspector/page/!(chart-path|format|history).ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
