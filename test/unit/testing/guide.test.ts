import { expect, it } from 'vitest';
import * as kit from '../../../src/testing/index.ts';
import { filesIn, textOf } from '../../support/project-files.ts';

// Fenced as `typescript`, not as `ts`: these blocks are not compiled a second time, they are files that run.
const blocks = [...textOf('docs/guides/testing.md').matchAll(/^```typescript\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code,
);
const examples = filesIn('docs/examples', '.test.ts');

it('the guide shows each example that runs, and as it runs', () => {
  expect(examples.length).toBeGreaterThan(3);
  expect([...blocks].sort()).toEqual(examples.map(textOf).sort());
});

it('a channel of a user is model-tested in ten lines at most', () => {
  expect(textOf('docs/examples/trade-channel.test.ts').trimEnd().split('\n').length).toBeLessThanOrEqual(10);
});

it('the guide names everything that the test kit can do', () => {
  const guide = textOf('docs/guides/testing.md');
  expect(Object.keys(kit).filter((name) => !new RegExp(`\\b${name}\\b`).test(guide))).toEqual([]);
});
