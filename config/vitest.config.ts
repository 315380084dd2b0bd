import { defineConfig } from 'vitest/config';

/** Those of `npm run test:long` (`--mode long`). The mode is 'test' when nothing is said; with 'all' none is left out. */
const longTests = ['test/**/*.long.test.ts', 'test/e2e/**/*.test.ts'];

export default defineConfig(({ mode }) => ({
  root: new URL('..', import.meta.url).pathname,
  // The examples import from 'sluice' as a user would; here that is the source, not the last build.
  resolve: {
    alias: [
      { find: /^sluice$/, replacement: new URL('../src/index.ts', import.meta.url).pathname },
      {
        find: /^sluice\/(testing|inspector|metrics|journal|feeds|nats|redis|workers)$/,
        replacement: new URL('../src/$1/index.ts', import.meta.url).pathname,
      },
    ],
  },
  // Long enough for any busy machine: it ends what hangs and judges nothing.
  test: {
    // By default vitest leaves one core to itself.
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: mode === 'long' ? longTests : ['test/**/*.test.ts', 'docs/examples/*.test.ts'],
    exclude: mode === 'test' ? longTests : [],
    // Loading XState and the sources anew for each file would take half of the time. The long tests are few.
    isolate: mode === 'long',
    setupFiles: ['test/support/property-seed.ts'],
    typecheck: { enabled: false },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'machines/**/*.ts'],
      // What of the page needs a browser runs in one (test/e2e), where it is not measured.
      exclude: ['src/inspector/page/!(chart-path|format|history).ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
}));
