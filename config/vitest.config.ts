import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  // The examples import from 'sluice' as a user would; here that is the source, not the last build.
  resolve: {
    alias: [
      { find: /^sluice$/, replacement: new URL('../src/index.ts', import.meta.url).pathname },
      { find: /^sluice\/(testing|inspector)$/, replacement: new URL('../src/$1/index.ts', import.meta.url).pathname },
    ],
  },
  // Long enough for any busy machine: it ends what hangs and judges nothing.
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    include: ['test/**/*.test.ts', 'docs/examples/*.test.ts'],
    typecheck: { enabled: false },
  },
});
